#include "train.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/random.h"
#include "fovea/bahdanau.hpp"
#include "fovea/train.hpp"
#include "fovea/transformer.hpp"
#include "probe.h"

namespace fovea::bench {
namespace {

namespace fs = std::filesystem;

// Zhang et al., Dive into Deep Learning, section 11.9: English to French in sentences of 10 tokens.
constexpr int64_t kBatch = 64, kTokens = 10, kVocab = 200;
constexpr float kDropout = 0.1f;
constexpr TransformerConfig kTextbook{.vocab = kVocab,
                                      .width = 32,
                                      .heads = 4,
                                      .hidden = 64,
                                      .encoder_layers = 2,
                                      .decoder_layers = 2,
                                      .positions = kTokens};
// Section 10.4 of the same: a GRU each way with additive attention.
constexpr BahdanauConfig kRecurrent{.source_vocab = kVocab,
                                    .target_vocab = kVocab,
                                    .embedding = 32,
                                    .width = 32,
                                    .layers = 2,
                                    .positions = kTokens};

// A folder of its own for the model that the case trains.
class Scratch {
 public:
  Scratch() : path_(fs::temp_directory_path() / concat("fovea-bench-", uint64_t(seconds_now() * 1e9))) {}
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

// What a model says of sources, their lengths and what the decoder reads: logits.
using Model = std::function<Tensor(Tensor source, Tensor lengths, Tensor inputs, const Dropout& dropout)>;

struct Step {
  Step(Device& device, const Parameters& parameters, const Model& model)
      : generator(device, {4}, DType::u32),
        optimizer(device, parameters, {.kind = OptimizerOptions::Kind::adam, .clip = 1}) {
    const Tensor source = graph.input({kBatch, kTokens}, DType::u32),
                 lengths = graph.input({kBatch}, DType::u32),
                 inputs = graph.input({kBatch, kTokens}, DType::u32),
                 labels = graph.input({kBatch, kTokens}, DType::u32);
    const Tensor logits = model(source, lengths, inputs, {.rate = kDropout, .generator = &generator});
    const Tensor loss = cross_entropy(logits, labels).loss;
    const Optimizer::Step update = optimizer.step(loss);
    advance(graph, generator);
    plan.emplace(device, graph, std::vector{loss, update.norm});
    Random random(1);
    for (Tensor ids : {source, inputs, labels}) {
      std::vector<uint32_t> values(kBatch * kTokens);
      for (uint32_t& value : values) value = uint32_t(3 + random.below(kVocab - 3));
      plan->write(ids, values);
    }
    plan->write(lengths, std::vector<uint32_t>(kBatch, kTokens));
    plan->write(update.control, optimizer.control(1e-3f));
  }

  Graph graph;
  State generator;
  Optimizer optimizer;
  std::optional<Plan> plan;
};

void measure(const TrainCase& what, const std::string& device, Step& step) {
  step.plan->run();
  std::vector<double> seconds;
  for (int run = 0; run < what.runs; ++run) {
    const double start = seconds_now();
    step.plan->run();
    seconds.push_back(seconds_now() - start);
  }
  const double middle = median(seconds);
  const double tokens = double(kBatch * kTokens) / middle;
  const char* name = what.recurrent ? "train_rnn" : "train";
  if (what.json) {
    const nlohmann::ordered_json line = {{"case", name},
                                         {"device", device},
                                         {"runs", what.runs},
                                         {"median_ms", middle * 1e3},
                                         {"target_tokens_per_second", tokens},
                                         {"parameters", step.optimizer.elements()},
                                         {"dispatches", step.plan->dispatches()},
                                         {"submits", 1}};
    fmt::print("{}\n", line.dump());
    return;
  }
  fmt::print("{:<11}{:>6}{:>11}{:>16}{:>12}{:>12}{:>9}\n", "case", "runs", "median ms", "target tokens/s",
             "parameters", "dispatches", "submits");
  fmt::print("{:<11}{:>6}{:>11.2f}{:>16.0f}{:>12}{:>12}{:>9}\n", name, what.runs, middle * 1e3, tokens,
             step.optimizer.elements(), step.plan->dispatches(), 1);
}

}  // namespace

void measure_train(Device& device, const TrainCase& what) {
  const Scratch scratch;
  const std::string& name = device.info().name;
  if (what.recurrent) {
    write_fresh_bahdanau(scratch.path(), kRecurrent, 1);
    Bahdanau model(device, scratch.path(), Use::training);
    Step step(device, model.parameters(),
              [&](Tensor source, Tensor lengths, Tensor inputs, const Dropout& dropout) {
                return model(source, lengths, inputs, {.dropout = dropout}).logits;
              });
    return measure(what, name, step);
  }
  write_fresh_transformer(scratch.path(), kTextbook, 1);
  Transformer model(device, scratch.path());
  Step step(device, model.parameters(),
            [&](Tensor source, Tensor lengths, Tensor inputs, const Dropout& dropout) {
              return model(source, lengths, inputs, dropout);
            });
  measure(what, name, step);
}

}  // namespace fovea::bench
