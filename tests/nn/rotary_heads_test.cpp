// Heads whose queries and keys are turned by their places (Su et al. 2021): layers and the gradients of what
// they project with against a double loop, and what such heads can tell.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "fovea/attention.hpp"
#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kBatch = 2, kTokens = 5, kKeys = 7, kHeads = 2, kWidth = 6;

// x (rows, width), weight (inner, width) -> (rows, inner); tokens > 0: turned as rows of that many tokens.
std::vector<double> projected(const std::vector<double>& x, const std::vector<double>& weight, int64_t tokens,
                              int64_t head_dim) {
  const int64_t inner = kHeads * head_dim;
  std::vector<double> y;
  for (size_t row = 0; row < x.size() / kWidth; ++row)
    for (size_t i = 0; i < size_t(inner); ++i) {
      double sum = 0;
      for (size_t d = 0; d < kWidth; ++d) sum += x[row * kWidth + d] * weight[i * kWidth + d];
      y.push_back(sum);
    }
  for (size_t at = 0; tokens > 0 && at < y.size(); at += 2) {
    const double place = double(int64_t(at) / inner % tokens);
    const double angle = place * std::pow(10000.0, -double(int64_t(at) % head_dim) / double(head_dim));
    const double a = y[at], b = y[at + 1];
    y[at] = a * std::cos(angle) - b * std::sin(angle);
    y[at + 1] = a * std::sin(angle) + b * std::cos(angle);
  }
  return y;
}

// Inputs of queries, keys and values, then the weights of their projections.
std::vector<double> attend(const Operands& in, int64_t head_dim) {
  const int64_t inner = kHeads * head_dim;
  const std::vector<double> q = projected(in[0], in[3], kTokens, head_dim),
                            k = projected(in[1], in[4], kKeys, head_dim),
                            v = projected(in[2], in[5], 0, head_dim);
  std::vector<double> out(q.size(), 0);
  for (int64_t row = 0; row < kBatch * kTokens; ++row)
    for (int64_t head = 0; head < kHeads; ++head) {
      const auto at = [&](const std::vector<double>& x, int64_t r, int64_t d) {
        return x[size_t(r * inner + head * head_dim + d)];
      };
      const int64_t first = row / kTokens * kKeys;  // of the batch's keys
      std::vector<double> weights;
      double sum = 0;
      for (int64_t j = 0; j < kKeys; ++j) {
        double score = 0;
        for (int64_t d = 0; d < head_dim; ++d) score += at(q, row, d) * at(k, first + j, d);
        sum += weights.emplace_back(std::exp(score / std::sqrt(double(head_dim))));
      }
      for (int64_t j = 0; j < kKeys; ++j)
        for (int64_t d = 0; d < head_dim; ++d)
          out[size_t(row * inner + head * head_dim + d)] += weights[size_t(j)] / sum * at(v, first + j, d);
    }
  return out;
}

AttentionHeads rotary_heads() {
  AttentionHeads heads(kHeads);
  heads.rotary = true;
  return heads;
}

std::vector<float> weight_of(uint32_t part, int64_t head_dim) {
  return random_values(uint64_t(kHeads * head_dim * kWidth), 20 + part, -0.8f, 0.8f);
}

Linear linear_of(uint32_t part, int64_t head_dim) {
  return Linear(device(), kHeads * head_dim, kWidth, weight_of(part, head_dim), {}, Use::training);
}

SelfAttention self_attention(int64_t head_dim) {
  std::vector<float> weight;
  for (uint32_t part = 0; part < 3; ++part)
    for (const float value : weight_of(part, head_dim)) weight.push_back(value);
  return SelfAttention(Linear(device(), 3 * kHeads * head_dim, kWidth, weight, {}), std::nullopt,
                       rotary_heads());
}

void check_layer(int64_t head_dim) {
  INFO("heads of " << head_dim);
  MultiHeadAttention layer(
      {linear_of(0, head_dim), linear_of(1, head_dim), linear_of(2, head_dim), std::nullopt, rotary_heads()});
  Parameters all;
  layer.parameters("layer", all);
  REQUIRE(all.size() == 3);
  Graph graph;
  std::vector<Tensor> x;
  std::vector<Input> inputs;
  Operands operands;
  for (uint32_t part = 0; part < 3; ++part) {
    x.push_back(graph.input({kBatch, part == 0 ? kTokens : kKeys, kWidth}));
    const std::vector<float> values = random_values(x.back().shape().elements(), 10 + part, -1.5f, 1.5f);
    inputs.push_back({x.back(), values});
    operands.push_back(widened(values));
  }
  for (uint32_t part = 0; part < 3; ++part) {
    x.push_back(graph.use(*all[part].state));
    operands.push_back(widened(weight_of(part, head_dim)));
  }
  const Tensor dy = graph.input({kBatch, kTokens, kHeads * head_dim});
  const std::vector<float> dy_values = random_values(dy.shape().elements(), 15);
  inputs.push_back({dy, dy_values});
  std::vector<Tensor> made{layer(x[0], x[1], x[2]).out};
  for (const Tensor& dx : graph.grad(made[0], x, dy)) made.push_back(dx);
  const std::vector<Values> got = run_all(graph, inputs, made);
  const auto f = [&](const Operands& each) { return attend(each, head_dim); };
  check_close(std::get<std::vector<float>>(got[0]), f(operands), kProduct);
  for (size_t which = 0; which < x.size(); ++which)
    check_close(std::get<std::vector<float>>(got[which + 1]), gradient(f, operands, dy_values, which),
                kProduct);
}

}  // namespace

TEST_CASE("rotary heads and the gradients of their projections follow the double loop") {
  for (int64_t head_dim : {2, 4, 6, 8}) check_layer(head_dim);  // single ops and the fused one
}

TEST_CASE("rotary self-attention is multi-head attention of a sequence to itself") {
  for (int64_t head_dim : {6, 8}) {
    const MultiHeadAttention general({linear_of(0, head_dim), linear_of(1, head_dim), linear_of(2, head_dim),
                                      std::nullopt, rotary_heads()});
    const SelfAttention one = self_attention(head_dim);
    Graph graph;
    const Tensor x = graph.input({kBatch, kTokens, kWidth});
    const LayerOptions causal{.weights = true, .attention = {.causal = true}};
    const SelfAttention::Result own = one(x, {}, causal), all = general(x, x, x, causal);
    const std::vector<Values> got = run_all(graph, {{x, random_values(x.shape().elements(), 1, -1.5f, 1.5f)}},
                                            {own.out, all.out, own.weights, all.weights});
    for (size_t i : {0, 2})
      check_close(std::get<std::vector<float>>(got[i]), widened(std::get<std::vector<float>>(got[i + 1])),
                  kProduct);
  }
}

TEST_CASE("rotary heads tell how far apart tokens are, not where they stand") {
  constexpr int64_t kFront = 3, kAll = kFront + kTokens;
  for (int64_t head_dim : {6, 8}) {
    const SelfAttention layer = self_attention(head_dim);
    Graph graph;
    const Tensor x = graph.input({1, kTokens, kWidth}), later = graph.input({1, kAll, kWidth}),
                 unseen = graph.input({1, 1, 1, kAll}), swapped = graph.input({1, kTokens, kWidth});
    const std::vector<float> values = random_values(kTokens * kWidth, 3, -1.5f, 1.5f);
    std::vector<float> front = random_values(kFront * kWidth, 4), bias(kAll, 0), other = values;
    front.insert(front.end(), values.begin(), values.end());
    std::fill_n(bias.begin(), kFront, -std::numeric_limits<float>::infinity());
    std::swap_ranges(other.begin(), other.begin() + kWidth, other.begin() + kWidth);
    const Tensor behind = slice(layer(later, {}, {.attention = {.bias = unseen}}).out, 1, kFront, kTokens);
    const std::vector<Values> got =
        run_all(graph, {{x, values}, {later, front}, {unseen, bias}, {swapped, other}},
                {layer(x, {}).out, behind, layer(swapped, {}).out});
    const std::vector<float>& alone = std::get<std::vector<float>>(got[0]);
    check_close(std::get<std::vector<float>>(got[1]), widened(alone), kProduct);
    // The order of others counts: without places the last token would see the same.
    double apart = 0;
    for (size_t i = alone.size() - size_t(kHeads * head_dim); i < alone.size(); ++i)
      apart = std::max(apart, double(std::abs(std::get<std::vector<float>>(got[2])[i] - alone[i])));
    CHECK(apart > 0.01);
  }
}

TEST_CASE("rotary heads reject sizes that are no pairs, and another sequence's places") {
  Graph graph;
  const Tensor x = graph.input({kBatch, kTokens, kWidth});
  const SelfAttention layer = self_attention(3);
  check_rejects([&] { layer(x, {}); }, {"rotary", "even", "3"});
  check_rejects(
      [&] {
        CrossAttention(linear_of(0, 4), Linear(device(), 16, kWidth, random_values(16 * kWidth, 1), {}),
                       Linear(device(), kWidth, 8, random_values(8 * kWidth, 2), {}), rotary_heads());
      },
      {"attention", "positions", "another sequence"});
}
