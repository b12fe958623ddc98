// Relative positions (Shaw et al. 2018): attention and its gradients against the formula, a training that
// needs them, and a model whose steps must agree with its whole targets.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "core/random.h"
#include "fovea/attention.hpp"
#include "fovea/train.hpp"
#include "fovea/transformer.hpp"
#include "fovea/translator.hpp"
#include "models/seq2seq/file.h"
#include "support/check.h"
#include "support/ctranslate2.h"
#include "support/gradient.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kBatch = 2, kHeads = 2, kTokens = 7, kDim = 4, kWidth = kHeads * kDim, kReach = 2;
constexpr float kScale = 0.3f;

std::vector<float> identity(int64_t copies) {  // (copies * width, width)
  std::vector<float> weight(size_t(copies * kWidth * kWidth), 0.0f);
  for (int64_t row = 0; row < copies * kWidth; ++row) weight[size_t(row * kWidth + row % kWidth)] = 1;
  return weight;
}

Linear same(int64_t copies) {
  return Linear(device(), copies * kWidth, kWidth, identity(copies), {}, Use::training);
}

AttentionHeads heads_of(const std::vector<float>& table, const State& distances) {
  RelativePositions relative{State(device(), {2, 2 * kReach + 1, kDim}), &distances};
  relative.table.write(table);
  AttentionHeads heads(kHeads);
  heads.relative = std::move(relative);
  return heads;
}

struct Attended {
  std::vector<double> out, weights;  // (batch, tokens, width), (batch, heads, tokens, tokens)
};

// Query i of one head over its first `seen` keys. x: q, k, v (batch, tokens, width), the table, and perhaps a
// bias (batch, tokens, tokens), which goes with another scale.
void attend_row(const Operands& x, const std::array<int64_t, 3>& row, int64_t seen, Attended& to) {
  const auto [b, head, i] = row;
  const auto at = [&, b = b, head = head](size_t part, int64_t j, int64_t d) {
    return x[part][size_t((b * kTokens + j) * kWidth + head * kDim + d)];
  };
  const auto relative = [&, i = i](int64_t part, int64_t j, int64_t d) {
    const int64_t distance = std::clamp(j - i, -kReach, kReach) + kReach;
    return x[3][size_t((part * (2 * kReach + 1) + distance) * kDim + d)];
  };
  std::vector<double> scores;
  double sum = 0;
  for (int64_t j = 0; j < seen; ++j) {
    double score = 0;
    for (int64_t d = 0; d < kDim; ++d) score += at(0, i, d) * (at(1, j, d) + relative(0, j, d));
    score = x.size() == 4 ? score / std::sqrt(double(kDim))
                          : score * double(kScale) + x[4][size_t((b * kTokens + i) * kTokens + j)];
    sum += scores.emplace_back(std::exp(score));
  }
  for (int64_t j = 0; j < kTokens; ++j) to.weights.push_back(j < seen ? scores[size_t(j)] / sum : 0);
  for (int64_t d = 0; d < kDim; ++d) {
    double value = 0;
    for (int64_t j = 0; j < seen; ++j) value += scores[size_t(j)] / sum * (at(2, j, d) + relative(1, j, d));
    to.out[size_t((b * kTokens + i) * kWidth + head * kDim + d)] = value;
  }
}

const std::vector<uint32_t> kLengths{kTokens, 3};

Attended attend(const Operands& x, bool causal) {
  Attended y{.out = std::vector<double>(size_t(kBatch * kTokens * kWidth)), .weights = {}};
  for (int64_t b = 0; b < kBatch; ++b)
    for (int64_t head = 0; head < kHeads; ++head)
      for (int64_t i = 0; i < kTokens; ++i) {
        const int64_t known = kLengths[size_t(b)];
        attend_row(x, {b, head, i}, causal ? std::min(known, i + 1) : known, y);
      }
  return y;
}

std::vector<float> random_table() { return random_values(2 * (2 * kReach + 1) * kDim, 3); }

void check_self_attention(bool causal) {
  const std::vector<float> x = random_values(kBatch * kTokens * kWidth, 4, -1.5f, 1.5f),
                           zeros(size_t(kBatch * kTokens * kWidth), 0.0f);
  const State distances = relative_distances(device(), 9, kReach);
  const SelfAttention layer(same(3), same(1), heads_of(random_table(), distances));
  Graph graph;
  const Tensor input = graph.input({kBatch, kTokens, kWidth}), residual = graph.input(input.shape()),
               length = graph.input({kBatch}, DType::u32);
  const LayerOptions options{.weights = true, .attention = {.causal = causal, .lengths = length}};
  const auto made = layer(input, residual, options);
  const std::vector<Values> got =
      run_all(graph, {{input, x}, {residual, zeros}, {length, kLengths}}, {made.out, made.weights});
  const std::vector<double> all = widened(x);
  const Attended want = attend({all, all, all, widened(random_table())}, causal);
  check_close(std::get<std::vector<float>>(got[0]), want.out, kProduct);
  check_close(std::get<std::vector<float>>(got[1]), want.weights, kProduct);
}

void check_gradients(bool causal, bool biased) {
  const State distances = relative_distances(device(), kTokens, kReach);
  MultiHeadAttention layer({same(1), same(1), same(1), std::nullopt, heads_of(random_table(), distances)});
  Parameters all;
  layer.parameters("layer", all);
  REQUIRE(all.back().name == "layer.relative");
  Graph graph;
  std::vector<Tensor> x;
  std::vector<Input> inputs;
  Operands operands;
  for (uint32_t part = 0; part < 3; ++part) {
    const std::vector<float> values = random_values(kBatch * kTokens * kWidth, 11 + part, -1.5f, 1.5f);
    x.push_back(graph.input({kBatch, kTokens, kWidth}));
    inputs.push_back({x.back(), values});
    operands.push_back(widened(values));
  }
  x.push_back(graph.use(*all.back().state));
  operands.push_back(widened(random_table()));
  const Tensor length = graph.input({kBatch}, DType::u32), dy = graph.input(x[0].shape());
  const std::vector<float> dy_values = random_values(dy.shape().elements(), 15);
  inputs.insert(inputs.end(), {{length, kLengths}, {dy, dy_values}});
  LayerOptions options{.attention = {.causal = causal, .lengths = length}};
  if (biased) {
    const std::vector<float> values = random_values(kBatch * kTokens * kTokens, 16, -2, 2);
    x.push_back(graph.input({kBatch, 1, kTokens, kTokens}));
    inputs.push_back({x.back(), values});
    operands.push_back(widened(values));
    options.attention.scale = kScale;
    options.attention.bias = x.back();
  }
  const Tensor y = layer(x[0], x[1], x[2], options).out;
  check_close(run(graph, inputs, y), attend(operands, causal).out, kProduct);
  const std::vector<Values> got = run_all(graph, inputs, graph.grad(y, x, dy));
  const auto f = [&](const Operands& each) { return attend(each, causal).out; };
  for (size_t which = 0; which < x.size(); ++which)
    check_close(std::get<std::vector<float>>(got[which]), gradient(f, operands, dy_values, which), kProduct);
}

// The loss that remains when one head learns to say the token before, which only places tell.
float loss_of_token_before(bool with_positions) {
  constexpr int64_t kSequences = 32, kVocab = 4, kInner = 8;
  constexpr uint32_t kNone = UINT32_MAX;
  const State distances = relative_distances(device(), kTokens, kReach);
  AttentionHeads heads(1);
  if (with_positions) {
    heads.relative = RelativePositions{State(device(), {2, 2 * kReach + 1, kInner}), &distances};
    heads.relative->table.write(random_values(2 * (2 * kReach + 1) * kInner, 1, -0.1f, 0.1f));
  }
  const auto linear = [](int64_t out, int64_t in, uint32_t seed) {
    return Linear(device(), out, in, random_values(uint64_t(out * in), seed, -0.5f, 0.5f),
                  random_values(uint64_t(out), seed + 1, -0.5f, 0.5f), Use::training);
  };
  SelfAttention layer(linear(3 * kInner, kVocab, 2), linear(kVocab, kInner, 4), std::move(heads));
  Parameters parameters;
  layer.parameters("layer", parameters);
  Random random(7, {});
  std::vector<uint32_t> tokens(kSequences * kTokens), before(tokens.size(), kNone);
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = uint32_t(random.uniform() * kVocab);
    if (i % kTokens > 0) before[i] = tokens[i - 1];
  }
  Graph graph;
  const Tensor ids = graph.input({kSequences, kTokens}, DType::u32),
               wanted = graph.input(ids.shape(), DType::u32);
  const Tensor loss = cross_entropy(layer(one_hot(ids, kVocab), {}).out, wanted, {.ignored = kNone}).loss;
  Optimizer optimizer(device(), parameters, {.kind = OptimizerOptions::Kind::adam});
  const Optimizer::Step step = optimizer.step(loss);
  Plan plan(device(), graph, {loss, step.norm});
  plan.write(ids, tokens);
  plan.write(wanted, before);
  for (int i = 0; i < 150; ++i) {
    plan.write(step.control, optimizer.control(0.05f));
    plan.run();
    optimizer.finish(plan.read(step.norm)[0]);
  }
  return plan.read(loss)[0];
}

// How many tokens agreed.
size_t check_steps(uint32_t seed) {
  const TemporaryFolder folder;
  write_ctranslate2(folder.path(), {.words = {"a", "b", "c", "d", "e", "f"}, .seed = seed, .reach = 3});
  Translator translator(device(), folder.path().string(), {.tokenizer = "words"});
  const std::vector<std::string> lines{"a b c d e f a b c d", "c", "f e d", "b b a"};
  size_t compared = 0;
  for (int64_t beams : {1, 3}) {
    Decoding decoding = translator.decoding();
    decoding.beams = beams;
    decoding.max_length = 12;
    const auto results = translator.translate(lines, {.decoding = decoding});
    for (size_t i = 0; i < lines.size(); ++i) {
      const Hypothesis& output = results[i].outputs.at(0);
      INFO("seed " << seed << ", beams " << beams << ": " << output.text);
      const std::vector<std::pair<std::string, std::string>> pair{{lines[i], output.text}};
      const std::vector<float> scored = translator.score(pair).at(0).log_probs;
      REQUIRE(scored.size() == output.tokens.size() + 1);
      for (size_t t = 0; t < output.log_probs.size(); ++t)
        CHECK(std::abs(output.log_probs[t] - scored[t]) < 1e-5);
      compared += output.log_probs.size();
    }
  }
  return compared;
}

}  // namespace

TEST_CASE("self-attention with relative positions follows its formula") {
  check_self_attention(false);
  check_self_attention(true);
}

TEST_CASE("relative positions have the gradients of their formula") {
  check_gradients(false, false);
  check_gradients(true, false);
}

TEST_CASE("relative positions add to a bias, and are scaled as products are") {
  check_gradients(false, true);
  check_gradients(true, true);
}

TEST_CASE("attention learns by relative positions what it cannot without") {
  CHECK(loss_of_token_before(true) < 0.1f);
  CHECK(loss_of_token_before(false) > 1);
}

TEST_CASE("relative positions reject what does not fit") {
  const State distances = relative_distances(device(), kTokens, kReach);
  const MultiHeadAttention layer(
      {same(1), same(1), same(1), std::nullopt, heads_of(random_table(), distances)});
  Graph graph;
  const Tensor x = graph.input({1, kTokens, kWidth}), one = graph.input({1, 1, kWidth}),
               longer = graph.input({1, kTokens + 1, kWidth});
  check_rejects([&] { layer(x, one, one); }, {"relative positions", "7 queries", "1 keys"});
  check_rejects([&] { layer(longer, longer, longer); }, {"relative positions", "8 tokens", "known are 7"});
  AttentionHeads both = heads_of(random_table(), distances);
  both.additive.emplace(device(), Shape{kDim});
  const MultiHeadAttention additive({same(1), same(1), same(1), std::nullopt, std::move(both)});
  check_rejects([&] { additive(x, x, x); }, {"attention", "relative positions", "additive"});
}

TEST_CASE("a model with relative positions scores targets as its steps do") {
  CHECK(check_steps(5) + check_steps(6) + check_steps(7) > 40);
  CHECK(device().validation_messages().empty());
}

TEST_CASE("files that cannot hold relative positions say so") {
  const TemporaryFolder folder;
  write_ctranslate2(folder.path(), {.words = {"a", "b"}, .reach = 3});
  const Seq2SeqFile file = load_ctranslate2(folder.path(), ModelFiles(folder.path()).open("model.bin"));
  REQUIRE(file.config.reach == 3);
  check_rejects([&] { seq2seq_table(file.config, Seq2SeqFormat::hugging_face); },
                {"seq2seq", "relative positions", "reach 3", "Marian", "CTranslate2"});
  check_rejects([&] { Transformer(device(), folder.path().string()); },
                {folder.path().string(), "CTranslate2", "training takes"});
}
