// Transformers in other forms than Marian's: fresh, saved and loaded, pruned; steps of their decoding say
// what whole targets do.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numeric>

#include "fovea/text.hpp"
#include "fovea/train.hpp"
#include "fovea/transformer.hpp"
#include "fovea/translator.hpp"
#include "io/safetensors.h"
#include "support/check.h"
#include "support/gradient.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr uint32_t kUnknown = 0, kPad = 1, kStart = 2, kEnd = 3;
constexpr int64_t kRows = 2, kKeys = 6, kTokens = 5;

const std::vector<std::string> kSource{"<unk>", "<pad>", "<bos>", "<eos>", "a", "b", "c", "d"},
    kTarget{"<unk>", "<pad>", "<bos>", "<eos>", "t", "u", "v", "w", "x", "y"};

// The textbook's form: words of their own on each side, no biases in projections, sines and cosines in turn.
TransformerConfig textbook() {
  return {.vocab = int64_t(kSource.size()),
          .width = 16,
          .heads = 2,
          .hidden = 20,
          .encoder_layers = 2,
          .decoder_layers = 2,
          .positions = 12,
          .eos = kEnd,
          .pad = kPad,
          .beams = 1,
          .target_vocab = int64_t(kTarget.size()),
          .start = kStart,
          .attention_bias = false,
          .interleaved_positions = true};
}

struct Form {
  std::string name;
  TransformerConfig config;
};

std::vector<Form> forms() {
  std::vector<Form> all{{"textbook", textbook()}};
  const auto add = [&](const std::string& name, const auto& change) {
    all.push_back({name, textbook()});
    change(all.back().config);
  };
  add("additive", [](TransformerConfig& c) { c.additive = true; });
  add("normalised before", [](TransformerConfig& c) { c.place = NormPlace::before; });
  add("learned positions", [](TransformerConfig& c) { c.learned_positions = true; });
  add("biased", [](TransformerConfig& c) { c.attention_bias = true; });
  return all;
}

void write_model(const TemporaryFolder& folder, const TransformerConfig& config, uint64_t seed = 5) {
  write_fresh_transformer(folder.path().string(), config, seed);
  write_word_vocabularies(folder.path(), kSource, kTarget);
}

// What a model is asked in these tests.
struct Question {
  Graph graph;
  Tensor source = graph.input({kRows, kKeys}, DType::u32), lengths = graph.input({kRows}, DType::u32),
         inputs = graph.input({kRows, kTokens}, DType::u32);
  std::vector<Input> values{{source, random_ids(kRows* kKeys, 1, uint32_t(kSource.size()))},
                            {lengths, std::vector<uint32_t>{6, 3}},
                            {inputs, random_ids(kRows* kTokens, 2, uint32_t(kTarget.size()))}};
};

std::vector<float> logits_of(const Transformer& model) {
  Question of;
  return run(of.graph, of.values, model(of.source, of.lengths, of.inputs));
}

// Steps, greedy and with beams, give the log-probabilities that a pass over the whole target gives. How many
// tokens agreed.
size_t check_steps(const std::filesystem::path& directory) {
  Translator translator(device(), directory.string(), {.tokenizer = "words"});
  const std::vector<std::string> lines{"a b c d a b c", "c", "d c nothing", "b b a"};
  size_t compared = 0;
  for (int64_t beams : {1, 3}) {
    Decoding decoding = translator.decoding();
    decoding.beams = beams;
    decoding.max_length = 8;
    decoding.suppressed.clear();  // greedy would share out what <pad> has
    const auto results = translator.translate(lines, {.decoding = decoding, .attention = beams == 1});
    for (size_t i = 0; i < lines.size(); ++i) {
      const Hypothesis& output = results[i].outputs.at(0);
      INFO("beams " << beams << ": " << output.text);
      const std::vector<std::pair<std::string, std::string>> pair{{lines[i], output.text}};
      const std::vector<float> scored = translator.score(pair).at(0).log_probs;
      REQUIRE(scored.size() == output.tokens.size() + 1);
      for (size_t t = 0; t < output.log_probs.size(); ++t)
        CHECK(std::abs(output.log_probs[t] - scored[t]) < 2e-5);
      compared += output.log_probs.size();
    }
  }
  return compared;
}

}  // namespace

TEST_CASE("a Transformer of any form comes back from its directory as it was saved") {
  for (const auto& [name, config] : forms()) {
    INFO(name);
    const TemporaryFolder fresh, same, saved;
    write_model(fresh, config);
    write_model(same, config);
    CHECK(read_bytes(fresh.path() / "model.safetensors") == read_bytes(same.path() / "model.safetensors"));
    Transformer model(device(), fresh.path().string());
    model.save(saved.path().string());
    for (const char* file : {"config.json", "generation_config.json", "model.safetensors"})
      CHECK(read_bytes(saved.path() / file) == read_bytes(fresh.path() / file));
    const Transformer again(device(), saved.path().string());
    CHECK(logits_of(again) == logits_of(model));
    const TransformerConfig& c = again.config();
    CHECK(c.vocab == config.vocab);
    CHECK(c.target_vocab == config.target_vocab);
    CHECK(c.start == config.start);
    CHECK(c.place == config.place);
    CHECK(c.additive == config.additive);
    CHECK(c.attention_bias == config.attention_bias);
    CHECK(c.learned_positions == config.learned_positions);
    const SafeTensors file(saved.path() / "model.safetensors");
    CHECK(file.has("model.encoder.layers.0.self_attn.q_proj.bias") == config.attention_bias);
    CHECK(file.has("model.encoder.layers.1.fc1.bias"));
  }
}

TEST_CASE("a Transformer of any form decodes step by step what it says of whole targets") {
  size_t compared = 0;
  for (const auto& [name, config] : forms()) {
    INFO(name);
    const TemporaryFolder folder;
    write_model(folder, config);
    compared += check_steps(folder.path());
  }
  CHECK(compared > 120);
  CHECK(device().validation_messages().empty());
}

TEST_CASE("every parameter of a Transformer of any form learns") {
  for (const auto& [name, config] : forms()) {
    INFO(name);
    const TemporaryFolder folder, after;
    write_model(folder, config);
    Transformer model(device(), folder.path().string());
    Question of;
    const Tensor labels = of.graph.input({kRows, kTokens}, DType::u32);
    const Tensor loss = cross_entropy(model(of.source, of.lengths, of.inputs), labels).loss;
    Optimizer optimizer(device(), model.parameters(), {.kind = OptimizerOptions::Kind::adam});
    const Optimizer::Step step = optimizer.step(loss);
    Plan plan(device(), of.graph, {loss, step.norm}, {.guards = true});
    for (const Input& input : of.values)
      plan.write(input.tensor, std::get<std::vector<uint32_t>>(input.values));
    plan.write(labels, random_ids(kRows * kTokens, 3, uint32_t(kTarget.size())));
    float first = 0, last = 0;
    for (int i = 0; i < 12; ++i) {
      plan.write(step.control, optimizer.control(0.01f));
      plan.run();
      REQUIRE(optimizer.finish(plan.read(step.norm)[0]));
      last = plan.read(loss)[0];
      if (i == 0) first = last;
    }
    CHECK(plan.guards_intact());
    CHECK(last < first / 2);
    model.save(after.path().string());
    const SafeTensors was(folder.path() / "model.safetensors"), is(after.path() / "model.safetensors");
    for (const std::string& tensor : is.names()) {
      if (tensor.ends_with("k_proj.bias")) continue;  // adds the same to all of a query's scores
      INFO(tensor);
      const Shape shape(is.info(tensor).shape);
      CHECK(was.read_f32(tensor, shape) != is.read_f32(tensor, shape));
    }
  }
}

TEST_CASE("a Transformer hands out all attention weights") {
  TransformerConfig config = textbook();
  config.heads = 4;
  const TemporaryFolder folder;
  write_model(folder, config);
  const Transformer model(device(), folder.path().string());
  Graph graph;  // two layers of four heads, 10 words of a source and 6 of a target
  const Tensor source = graph.input({1, 10}, DType::u32), lengths = graph.input({1}, DType::u32),
               inputs = graph.input({1, 6}, DType::u32);
  const Transformer::Result made = model.forward(source, lengths, inputs, {.weights = true});
  std::vector<Tensor> all;
  for (const auto* weights : {&made.encoder, &made.decoder, &made.cross}) {
    REQUIRE(weights->size() == 2);
    all.insert(all.end(), weights->begin(), weights->end());
  }
  const std::vector<Shape> shapes{{1, 4, 10, 10}, {1, 4, 6, 6}, {1, 4, 6, 10}};
  for (size_t i = 0; i < 6; ++i) CHECK(all[i].shape() == shapes[i / 2]);
  const std::vector<Values> got = run_all(
      graph,
      {{source, random_ids(10, 1, 8)}, {lengths, std::vector<uint32_t>{4}}, {inputs, random_ids(6, 2, 10)}},
      all);
  for (size_t i = 0; i < 6; ++i) {
    const std::vector<float>& weights = std::get<std::vector<float>>(got[i]);
    const size_t keys = size_t(shapes[i / 2].back());
    for (size_t row = 0; row < weights.size(); row += keys) {
      const size_t seen = i / 2 == 1 ? row / keys % 6 + 1 : 4;  // a target's words see none that come later
      double sum = 0;
      for (size_t key = 0; key < keys; ++key) sum += double(weights[row + key]);
      for (size_t key = seen; key < keys; ++key) CHECK(weights[row + key] == 0);
      CHECK(std::abs(sum - 1) < 1e-5);
    }
  }
}

// Of models with 2 layers of 2 heads on each side; the smaller one has 1, 2 heads in its encoder and 1, 2 in
// its decoder's layers, 1, 1 of its cross attention.
void check_pruned_attention(const std::filesystem::path& whole, const std::filesystem::path& pruned) {
  const auto attention_of = [](const std::filesystem::path& directory) {
    return Translator(device(), directory.string()).attention("a b c", {"t", "u"});
  };
  const TranslationAttention all = attention_of(whole), left = attention_of(pruned);
  CHECK((left.encoder_heads == 2 && left.decoder_heads == 2));
  CHECK((left.encoder.size() == all.encoder.size() && left.decoder.size() == all.decoder.size() &&
         left.cross.size() == all.cross.size()));
  // Sums of the rows of each head: 1, or 0 where there is none.
  const auto heads_of = [](const std::vector<float>& weights, size_t queries) {
    std::vector<int> sums;
    for (size_t head = 0; head < 4; ++head) {
      const auto first = weights.begin() + int64_t(head * weights.size() / 4);
      const double sum = std::accumulate(first, first + int64_t(weights.size() / 4), 0.0);
      sums.push_back(int(std::lround(sum / double(queries))));
    }
    return sums;
  };
  CHECK(heads_of(left.encoder, left.source.size()) == std::vector{1, 0, 1, 1});
  CHECK(heads_of(left.decoder, left.said.size()) == std::vector{1, 0, 1, 1});
  CHECK(heads_of(left.cross, left.said.size()) == std::vector{1, 0, 1, 0});
  const size_t one = all.encoder.size() / 4;  // the first head is left and sees what it saw before
  const auto first = [&](const std::vector<float>& weights) {
    return std::vector<float>(weights.begin(), weights.begin() + int64_t(one));
  };
  check_close(first(left.encoder), widened(first(all.encoder)), kProduct);
}

TEST_CASE("a pruned Transformer says what the whole one says without those heads") {
  for (const bool additive : {false, true}) {
    TransformerConfig config = textbook();
    config.additive = additive;
    const TemporaryFolder folder, pruned;
    write_model(folder, config);
    Transformer model(device(), folder.path().string());
    const std::vector<uint32_t> kept{1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1};  // 2 + 2 x 2 attentions of 2 heads
    model.save_pruned(pruned.path().string(), kept);
    write_word_vocabularies(pruned.path(), kSource, kTarget);
    Question of;
    const Tensor mask = of.graph.input({6, 2});
    of.values.push_back({mask, std::vector<float>(kept.begin(), kept.end())});
    const Tensor logits = model.forward(of.source, of.lengths, of.inputs, {.head_mask = mask}).logits;
    Transformer smaller(device(), pruned.path().string());
    CHECK(smaller.config().kept_heads == std::vector<int64_t>{1, 2, 1, 1, 2, 1});
    const std::vector<float> got = logits_of(smaller);
    check_close(got, widened(run(of.graph, of.values, logits)), kProduct);
    CHECK(got != logits_of(model));
    CHECK(check_steps(pruned.path()) >= 8);
    check_pruned_attention(folder.path(), pruned.path());
    check_rejects([&] { smaller.save_pruned(folder.path().string(), kept); }, {"prune", "pruned before"});
    const std::vector<uint32_t> none{1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1};
    check_rejects([&] { model.save_pruned(folder.path().string(), none); },
                  {"prune", "encoder.layers.1.attention", "keeps 0 heads of 2"});
    check_rejects([&] { model.save_pruned(folder.path().string(), {1, 1}); }, {"prune", "2 heads", "6"});
  }
}

TEST_CASE("the gradient of a head mask is that of the loss") {
  const TemporaryFolder folder;
  write_model(folder, textbook());
  const Transformer model(device(), folder.path().string());
  Question of;
  const Tensor mask = of.graph.input({6, 2}), labels = of.graph.input({kRows, kTokens}, DType::u32);
  const Tensor logits = model.forward(of.source, of.lengths, of.inputs, {.head_mask = mask}).logits;
  const Tensor loss = cross_entropy(logits, labels).loss;
  const Tensor gradient_of_mask = of.graph.grad(loss, {mask}).front();
  of.values.push_back({labels, random_ids(kRows * kTokens, 3, uint32_t(kTarget.size()))});
  of.values.push_back({mask, std::vector<float>(12, 1)});
  const std::vector<float> got = run(of.graph, of.values, gradient_of_mask);
  constexpr float kStep = 0.005f;
  for (size_t i = 0; i < 12; ++i) {
    std::array<float, 2> losses{};
    for (size_t side = 0; side < 2; ++side) {
      std::vector<float> moved(12, 1);
      moved[i] += side == 0 ? -kStep : kStep;
      of.values.back().values = moved;
      losses[side] = run(of.graph, of.values, loss)[0];
    }
    CHECK(std::abs((losses[1] - losses[0]) / (2 * kStep) - got[i]) < 2e-4);
  }
}

TEST_CASE("a Transformer of any form rejects what it cannot be") {
  const TemporaryFolder folder;
  const auto fresh = [&](const auto& change) {
    return [&folder, change] {
      TransformerConfig config = textbook();
      change(config);
      write_fresh_transformer(folder.path().string(), config, 1);
    };
  };
  check_rejects(fresh([](TransformerConfig& c) { c.target_vocab = 3; }), {"vocabulary of 3", "3"});
  check_rejects(fresh([](TransformerConfig& c) {
                  c.target_vocab = 0;
                  c.learned_positions = true;
                }),
                {"learned positions"});
  check_rejects(fresh([](TransformerConfig& c) { c.kept_heads = {1}; }), {"fresh", "pruned"});
  write_model(folder, textbook());
  const std::string config = read_bytes(folder.path() / "config.json");
  const auto load_with = [&](const std::string& from, const std::string& to) {
    std::string changed = config;
    const size_t at = changed.find(from);
    REQUIRE(at != std::string::npos);
    folder.write("config.json", changed.replace(at, from.size(), to));
    return [&folder] { Transformer(device(), folder.path().string()); };
  };
  check_bad_file(load_with("\"dot\"", "\"cosine\""), {"attention_score", "cosine", "additive"});
  check_bad_file(load_with("\"kept_heads\": []", "\"kept_heads\": [1, 2]"), {"kept_heads of 2", "6"});
  check_bad_file(load_with("\"kept_heads\": []", "\"kept_heads\": [1, 1, 1, 1, 1, 3]"),
                 {"kept_heads 3 of 2"});
  check_bad_file(load_with("\"kept_heads\": []", "\"kept_heads\": [[1, 9], 1, 1, 1, 1, 1]"), {"kept_heads"});
  check_bad_file(load_with("\"kept_heads\": []", "\"kept_heads\": [[], 1, 1, 1, 1, 1]"), {"kept_heads"});
  check_bad_file(load_with("\"model_type\": \"transformer\"", "\"model_type\": \"other\""),
                 {"model_type \"other\"", "transformer"});
  folder.write("config.json", config);
  const Transformer model(device(), folder.path().string());
  Question of;
  const Tensor mask = of.graph.input({4, 2});
  check_rejects([&] { model.forward(of.source, of.lengths, of.inputs, {.head_mask = mask}); },
                {"head mask (4, 2)", "2 + 2 x 2"});
}
