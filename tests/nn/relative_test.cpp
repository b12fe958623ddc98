// Relative positions (Shaw et al. 2018): self-attention against its formula, and a model whose steps must
// agree with its whole targets.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/stacks.hpp"
#include "fovea/translator.hpp"
#include "support/check.h"
#include "support/ctranslate2.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kBatch = 2, kHeads = 2, kTokens = 7, kDim = 4, kWidth = kHeads * kDim, kReach = 2;

std::vector<float> identity(int64_t copies) {  // (copies * width, width)
  std::vector<float> weight(size_t(copies * kWidth * kWidth), 0.0f);
  for (int64_t row = 0; row < copies * kWidth; ++row) weight[size_t(row * kWidth + row % kWidth)] = 1;
  return weight;
}

// Q, K and V are x itself. The weights of query i of one head over its first `seen` keys, and the output.
void attend(const std::vector<float>& x, const std::vector<float>& table, int64_t b, int64_t head, int64_t i,
            int64_t seen, std::vector<double>& weights, std::vector<double>& out) {
  const auto at = [&](int64_t j, int64_t d) {
    return double(x[size_t((b * kTokens + j) * kWidth + head * kDim + d)]);
  };
  const auto relative = [&](int64_t part, int64_t j, int64_t d) {
    const int64_t row = std::clamp(j - i, -kReach, kReach) + kReach;
    return double(table[size_t((part * (2 * kReach + 1) + row) * kDim + d)]);
  };
  std::vector<double> scores;
  double sum = 0;
  for (int64_t j = 0; j < seen; ++j) {
    double score = 0;
    for (int64_t d = 0; d < kDim; ++d) score += at(i, d) * (at(j, d) + relative(0, j, d));
    sum += scores.emplace_back(std::exp(score / std::sqrt(double(kDim))));
  }
  for (int64_t j = 0; j < kTokens; ++j) weights.push_back(j < seen ? scores[size_t(j)] / sum : 0);
  for (int64_t d = 0; d < kDim; ++d) {
    double value = 0;
    for (int64_t j = 0; j < seen; ++j) value += scores[size_t(j)] / sum * (at(j, d) + relative(1, j, d));
    out.push_back(value);
  }
}

void check_self_attention(bool causal) {
  const std::vector<float> table = random_values(2 * (2 * kReach + 1) * kDim, 3),
                           x = random_values(kBatch * kTokens * kWidth, 4, -1.5f, 1.5f),
                           zeros(size_t(kBatch * kTokens * kWidth), 0.0f);
  const State distances = relative_distances(device(), 9, kReach);
  RelativePositions relative{State(device(), {2, 2 * kReach + 1, kDim}), &distances};
  relative.table.write(std::span<const float>(table));
  AttentionHeads heads(kHeads);
  heads.relative = std::move(relative);
  const SelfAttention layer(Linear(device(), 3 * kWidth, kWidth, identity(3), {}),
                            Linear(device(), kWidth, kWidth, identity(1), {}), std::move(heads));
  std::vector<uint32_t> lengths{kTokens, 3};
  Graph graph;
  const Tensor input = graph.input({kBatch, kTokens, kWidth}), residual = graph.input(input.shape()),
               length = graph.input({kBatch}, DType::u32);
  const LayerOptions options{.weights = true, .attention = {.causal = causal, .lengths = length}};
  const auto made = layer(input, residual, options);
  const std::vector<Values> got =
      run_all(graph, {{input, x}, {residual, zeros}, {length, lengths}}, {made.out, made.weights});

  std::vector<double> out(size_t(kBatch * kTokens * kWidth)), weights;
  for (int64_t b = 0; b < kBatch; ++b)
    for (int64_t head = 0; head < kHeads; ++head)
      for (int64_t i = 0; i < kTokens; ++i) {
        const int64_t known = lengths[size_t(b)], seen = causal ? std::min(known, i + 1) : known;
        std::vector<double> row;
        attend(x, table, b, head, i, seen, weights, row);
        std::copy(row.begin(), row.end(), out.begin() + (b * kTokens + i) * kWidth + head * kDim);
      }
  check_close(std::get<std::vector<float>>(got[0]), out, kProduct);
  check_close(std::get<std::vector<float>>(got[1]), weights, kProduct);
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

TEST_CASE("a model with relative positions scores targets as its steps do") {
  CHECK(check_steps(5) + check_steps(6) + check_steps(7) > 40);
  CHECK(device().validation_messages().empty());
}
