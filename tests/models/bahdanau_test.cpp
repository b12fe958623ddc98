#include "fovea/bahdanau.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/data.hpp"
#include "fovea/train.hpp"
#include "fovea/word_pairs.hpp"
#include "io/safetensors.h"
#include "support/check.h"
#include "support/gradient.h"
#include "support/submissions.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr BahdanauScore kScores[] = {BahdanauScore::dot, BahdanauScore::scaled, BahdanauScore::bilinear,
                                     BahdanauScore::additive};

// A model that has learnt nothing yet.
struct Fresh {
  explicit Fresh(const BahdanauConfig& config, Use use = Use::training, uint64_t seed = 3) {
    write_fresh_bahdanau(folder.path().string(), config, seed);
    model.emplace(device(), folder.path().string(), use);
  }
  TemporaryFolder folder;
  std::optional<Bahdanau> model;
};

constexpr BahdanauConfig kSmall{
    .source_vocab = 9, .target_vocab = 11, .embedding = 6, .width = 8, .layers = 2, .positions = 12};

BahdanauConfig small(Cell cell, BahdanauScore score) {
  BahdanauConfig config = kSmall;
  config.cell = cell;
  config.score = score;
  return config;
}

constexpr Tolerance kAgrees{1e-9, 1e-5};  // the same sums in another order

std::vector<float> floats(const Values& values) { return std::get<std::vector<float>>(values); }

}  // namespace

TEST_CASE("bahdanau: the shapes of the textbook's toy") {  // row D8
  const Fresh fresh({.source_vocab = 10, .target_vocab = 10, .embedding = 8, .width = 16, .layers = 2});
  Graph graph;
  Tensor ids = graph.input({4, 7}, DType::u32), lengths = graph.input({4}, DType::u32);
  const Bahdanau::Encoded encoded = fresh.model->encode(ids, lengths);
  REQUIRE(encoded.out.shape() == Shape{4, 7, 16});
  REQUIRE(encoded.state.h.size() == 2);
  REQUIRE(encoded.state.h[0].shape() == Shape{4, 16});
  REQUIRE(encoded.state.c.empty());
  const Bahdanau::Result made = (*fresh.model)(ids, lengths, ids, {.weights = true});
  REQUIRE(made.logits.shape() == Shape{4, 7, 10});
  REQUIRE(made.state.h.size() == 2);
  REQUIRE(made.weights.shape() == Shape{4, 7, 7});
  const std::vector<Values> got =
      run_all(graph, {{ids, std::vector<uint32_t>(28, 0)}, {lengths, std::vector<uint32_t>{7, 3, 1, 0}}},
              {made.logits, made.weights});
  const std::vector<float> weights = floats(got[1]);
  for (size_t row = 0; row < 28; ++row) {
    const size_t length = std::vector<size_t>{7, 3, 1, 0}[row / 7];
    double sum = 0;
    for (size_t key = 0; key < 7; ++key) {
      sum += double(weights[row * 7 + key]);
      if (key >= length) REQUIRE(weights[row * 7 + key] == 0);
    }
    REQUIRE(std::abs(sum - (length > 0)) < 1e-5);
  }
}

namespace {

// What the decoder says of a whole target is what the decoding said step by step, beam after beam.
void check_target(const Bahdanau& model, const std::vector<uint32_t>& source_ids,
                  const BahdanauTarget& target) {
  const int64_t keys = int64_t(source_ids.size()), steps = int64_t(target.tokens.size());
  Graph graph;
  Tensor source = graph.input({1, keys}, DType::u32), lengths = graph.input({1}, DType::u32);
  Tensor inputs = graph.input({1, steps}, DType::u32), ids = graph.input({1, steps}, DType::u32);
  const Bahdanau::Result made = model(source, lengths, inputs, {.weights = true});
  std::vector<uint32_t> read = {2};
  read.insert(read.end(), target.tokens.begin(), target.tokens.end() - 1);
  const std::vector<Values> got = run_all(
      graph,
      {{source, source_ids}, {lengths, std::vector{uint32_t(keys)}}, {inputs, read}, {ids, target.tokens}},
      {log_prob(made.logits, ids), made.weights});
  check_close(target.log_probs, widened(floats(got[0])), kAgrees);
  std::vector<float> attention;
  for (const std::vector<float>& row : target.attention)
    attention.insert(attention.end(), row.begin(), row.end());
  check_close(attention, widened(floats(got[1])), kAgrees);
}

}  // namespace

TEST_CASE("bahdanau: steps of a decoding say what whole targets say, for every cell and score") {
  const std::vector<std::vector<uint32_t>> sources = {{4, 5, 6, 3}, {7, 3}, {8, 8, 4, 5, 6, 7, 3}};
  for (Cell cell : {Cell::gru, Cell::lstm})
    for (BahdanauScore score : kScores) {
      INFO(name(score) << (cell == Cell::lstm ? ", lstm" : ", gru"));
      const Fresh fresh(small(cell, score));
      Bahdanau inference(device(), fresh.folder.path().string());
      const auto greedy = inference.translate(sources, {.max_length = 6}, true);
      const auto beams = inference.translate(sources, {.beams = 3, .n_best = 2, .max_length = 6}, true);
      for (size_t i = 0; i < sources.size(); ++i) {
        REQUIRE(greedy[i].size() == 1);
        REQUIRE(beams[i].size() == 2);
        check_target(*fresh.model, sources[i], greedy[i][0]);
        for (const BahdanauTarget& target : beams[i]) check_target(*fresh.model, sources[i], target);
      }
    }
}

TEST_CASE("bahdanau: a training is one submission a step, and learns its pairs",
          "[training]") {  // row D9, in short
  const std::vector<TextPair> lines = {
      {"go .", "va !"}, {"go on .", "continue !"}, {"i lost .", "j'ai perdu ."}, {"i won .", "j'ai gagné ."}};
  const WordPairs pairs(lines, {.pairs = 0, .steps = 5, .batch = 4, .min_frequency = 1, .seed = 1});
  for (Cell cell : {Cell::gru, Cell::lstm}) {
    BahdanauConfig config = small(cell, BahdanauScore::additive);
    config.source_vocab = pairs.source().size(), config.target_vocab = pairs.target().size();
    Fresh fresh(config);
    Optimizer optimizer(device(), fresh.model->parameters(),
                        {.kind = OptimizerOptions::Kind::adam, .clip = 1});
    Graph graph;
    Tensor source = graph.input({4, 5}, DType::u32), lengths = graph.input({4}, DType::u32);
    Tensor inputs = graph.input({4, 5}, DType::u32), labels = graph.input({4, 5}, DType::u32);
    const Tensor loss = cross_entropy((*fresh.model)(source, lengths, inputs, {}).logits, labels).loss;
    const Optimizer::Step update = optimizer.step(loss);
    Plan plan(device(), graph, {loss, update.norm});
    std::vector<float> losses;
    for (uint64_t step = 0; step < 60; ++step) {
      const WordBatch batch = pairs.batch(step);
      plan.write(source, batch.source);
      plan.write(lengths, batch.lengths);
      plan.write(inputs, batch.inputs);
      plan.write(labels, batch.labels);
      plan.write(update.control, optimizer.control(0.02f));
      SubmissionCount submissions(device());
      plan.run();
      optimizer.finish(plan.read(update.norm)[0]);
      losses.push_back(plan.read(loss)[0]);
      REQUIRE(submissions.value() == 1);
    }
    REQUIRE(losses.back() < 0.1f * losses.front());
    std::vector<std::vector<uint32_t>> sources;
    for (const TextPair& line : lines) sources.push_back(pairs.source().encode(line.source, 5));
    const auto targets = fresh.model->translate(sources, {.max_length = 5});
    for (size_t i = 0; i < lines.size(); ++i)
      REQUIRE(pairs.target().decode(targets[i][0].tokens) == lines[i].target);
  }
}

TEST_CASE("bahdanau: what is saved is loaded as it was") {
  for (BahdanauScore score : kScores) {
    Fresh fresh(small(score == BahdanauScore::dot ? Cell::lstm : Cell::gru, score));
    const TemporaryFolder folder;
    fresh.model->save(folder.path().string());
    Bahdanau loaded(device(), folder.path().string());
    REQUIRE(loaded.config().score == score);
    REQUIRE(loaded.config().cell == fresh.model->config().cell);
    const std::vector<std::vector<uint32_t>> sources = {{4, 5, 3}};
    const auto got = loaded.translate(sources, {.max_length = 4});
    check_close(got[0][0].log_probs,
                widened(fresh.model->translate(sources, {.max_length = 4})[0][0].log_probs), kAgrees);
    REQUIRE(read_bytes(folder.path() / "model.safetensors") ==
            read_bytes(fresh.folder.path() / "model.safetensors"));
    REQUIRE(read_bytes(folder.path() / "config.json") == read_bytes(fresh.folder.path() / "config.json"));
  }
}

TEST_CASE("bahdanau rejects what does not fit") {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  BahdanauConfig config = kSmall;
  config.end = 11;
  REQUIRE(contains(rejection([&] { write_fresh_bahdanau(path, config, 1); }), "11 without its token 11"));
  REQUIRE(contains(rejection([] { bahdanau_score("cosine"); }), "cosine"));
  const auto fresh = [&](int64_t BahdanauConfig::* size, int64_t value) {
    BahdanauConfig wrong = kSmall;
    wrong.*size = value;
    return rejection([&] { write_fresh_bahdanau(path, wrong, 1); });
  };
  REQUIRE(contains(fresh(&BahdanauConfig::layers, 0), "num_layers 0, 1 to 1024"));
  REQUIRE(contains(fresh(&BahdanauConfig::layers, 1025), "num_layers 1025"));
  REQUIRE(contains(fresh(&BahdanauConfig::positions, 0), "max_length 0, 1 to 1048576"));
  REQUIRE(contains(fresh(&BahdanauConfig::width, 0), "hidden_size 0"));
  REQUIRE(contains(fresh(&BahdanauConfig::embedding, (1 << 20) + 1), "embedding_size 1048577"));
  REQUIRE(contains(fresh(&BahdanauConfig::source_vocab, 0), "source_vocab_size 0"));
  write_fresh_bahdanau(path, kSmall, 1);
  const std::string good = read_bytes(folder.path() / "config.json");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    folder.write("config.json", text);
    return bad_file([&] { Bahdanau(device(), path); });
  };
  REQUIRE(contains(with("\"gru\"", "\"rnn\""), "known are gru and lstm"));
  REQUIRE(contains(with("\"additive\"", "\"cosine\""), "known are dot"));
  REQUIRE(contains(with("\"hidden_size\": 8", "\"hidden_size\": 9"), "weight_ih_l0"));
  REQUIRE(contains(with("\"bahdanau\"", "\"gpt2\""), "known is bahdanau"));
  folder.write("config.json", good);
  const Bahdanau model(device(), path);
  Graph graph;
  Tensor ids = graph.input({2, 3}, DType::u32), lengths = graph.input({2}, DType::u32);
  check_rejects([&] { model.encode(lengths, lengths); }, {"bahdanau", "(2)"});
  check_rejects([&] { model(ids, lengths, lengths, {}); }, {"bahdanau", "(2)"});
}
