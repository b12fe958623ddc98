// Attention with heads, lengths and masks of any shape, in both conventions for a row that sees no key,
// beside the loop that tutorials write: scores of -10000 where the mask is 0, then softmax.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/op.hpp"
#include "fovea/scores.hpp"
#include "support/check.h"
#include "support/gradient.h"
#include "support/philox.h"

using namespace fovea;
using namespace fovea::test;
using Kind = Normaliser::Kind;

namespace {

constexpr size_t kBatch = 2, kHeads = 3, kTokens = 4, kKeys = 5, kWidth = 4,
                 kRows = kBatch * kHeads * kTokens;

std::vector<float> floats(const Values& values) { return std::get<std::vector<float>>(values); }

// q, k, v (batch, heads, tokens or keys, width); mask (rows, keys) of all rows. -> out, or the weights.
std::vector<double> attended(const Operands& qkv, const std::vector<float>& mask, bool uniform,
                             bool weights_only = false) {
  std::vector<double> out, weights;
  for (size_t row = 0; row < kRows; ++row) {
    const size_t first = row / kTokens * kKeys;  // of the head's keys
    std::vector<double> scores(kKeys);
    for (size_t j = 0; j < kKeys; ++j) {
      double score = 0;
      for (size_t d = 0; d < kWidth; ++d)
        score += qkv[0][row * kWidth + d] * qkv[1][(first + j) * kWidth + d];
      scores[j] = mask[row * kKeys + j] == 0 ? -10000 : score / std::sqrt(double(kWidth));
    }
    const double top = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (double& score : scores) total += score = std::exp(score - top);
    if (top == -10000 && !uniform) std::fill(scores.begin(), scores.end(), 0.0);
    for (const double weight : scores) weights.push_back(weight / total);
    for (size_t d = 0; d < kWidth; ++d) {
      double sum = 0;
      for (size_t j = 0; j < kKeys; ++j) sum += scores[j] / total * qkv[2][(first + j) * kWidth + d];
      out.push_back(sum);
    }
  }
  return weights_only ? weights : out;
}

// What is seen, given in some form.
struct Seen {
  const char* name;
  Shape mask = {}, lengths = {};
  std::vector<float> mask_values = {};
  std::vector<uint32_t> counts = {};
  // of all rows
  std::vector<float> whole() const {
    std::vector<float> all;
    for (size_t b = 0; b < kBatch; ++b)
      for (size_t h = 0; h < kHeads; ++h)
        for (size_t i = 0; i < kTokens; ++i)
          for (size_t j = 0; j < kKeys; ++j) {
            const std::array<size_t, 4> at{b, h, i, j};
            size_t place = 0;
            for (int axis = 0; axis < mask.rank(); ++axis)
              place = place * size_t(mask[axis]) + (mask[axis] == 1 ? 0 : at[size_t(axis + 4 - mask.rank())]);
            const bool masked = !mask.empty() && mask_values[place] == 0;
            const bool behind = !lengths.empty() && j >= counts[lengths.rank() == 1 ? b : b * kTokens + i];
            all.push_back(masked || behind ? 0 : 1);
          }
    return all;
  }
};

// Ones and zeros, some rows of keys all zeros.
std::vector<float> random_mask(const Shape& shape, uint32_t seed) {
  std::vector<float> mask;
  for (const float value : random_values(shape.elements(), seed)) mask.push_back(value > 0 ? 1 : 0);
  std::fill_n(mask.begin() + kKeys, kKeys, 0.0f);
  return mask;
}

std::vector<Seen> forms() {
  std::vector<Seen> all;
  const auto masked = [&](const char* name, const Shape& shape) {
    all.push_back({.name = name, .mask = shape, .mask_values = random_mask(shape, uint32_t(all.size()))});
  };
  masked("all axes", {kBatch, kHeads, kTokens, kKeys});
  masked("all heads", {kBatch, 1, kTokens, kKeys});
  masked("all queries", {kBatch, 1, 1, kKeys});
  masked("tokens and keys", {kTokens, kKeys});
  all.push_back({.name = "lengths", .lengths = {kBatch}, .counts = {3, 0}});
  all.push_back(
      {.name = "lengths of rows", .lengths = {kBatch, kTokens}, .counts = {1, 0, 5, 2, 4, 3, 0, 5}});
  masked("mask and lengths", {kBatch, 1, kTokens, kKeys});
  all.back().lengths = {kBatch};
  all.back().counts = {2, 4};
  all.push_back({.name = "nothing"});
  return all;
}

Normaliser normaliser_of(Graph& graph, const Seen& seen, std::vector<Input>& inputs) {
  Normaliser how;
  if (!seen.mask.empty()) inputs.push_back({how.mask = graph.input(seen.mask), seen.mask_values});
  if (!seen.lengths.empty())
    inputs.push_back({how.lengths = graph.input(seen.lengths, DType::u32), seen.counts});
  return how;
}

void check_form(const Seen& seen, bool uniform) {
  INFO(seen.name << ", uniform " << uniform);
  Graph graph;
  std::vector<Tensor> x;
  std::vector<Input> inputs;
  Operands qkv;
  for (uint32_t part = 0; part < 3; ++part) {
    x.push_back(graph.input({kBatch, kHeads, part == 0 ? int64_t(kTokens) : int64_t(kKeys), kWidth}));
    const std::vector<float> values = random_values(x.back().shape().elements(), 10 + part, -2, 2);
    inputs.push_back({x.back(), values});
    qkv.push_back(widened(values));
  }
  Normaliser how = normaliser_of(graph, seen, inputs);
  how.uniform_if_empty = uniform;
  const Tensor dout = graph.input(x[0].shape());
  const std::vector<float> dout_values = random_values(dout.shape().elements(), 14);
  inputs.push_back({dout, dout_values});
  const Attended y = attend(x[0], x[1], x[2], {.score = DotScore(), .normaliser = how, .weights = true});
  // Without the weights the fused op may take over.
  const Tensor alone = attend(x[0], x[1], x[2], {.score = DotScore(), .normaliser = how}).out;
  std::vector<Tensor> made{y.out, y.weights, alone};
  for (const Tensor& dx : graph.grad(y.out, x, dout)) made.push_back(dx);
  const std::vector<Values> got = run_all(graph, inputs, made);
  const std::vector<float> mask = seen.whole();
  const auto f = [&](const Operands& each) { return attended(each, mask, uniform); };
  check_close(floats(got[0]), f(qkv), kProduct);
  check_close(floats(got[1]), attended(qkv, mask, uniform, true), kRow);
  check_close(floats(got[2]), f(qkv), kProduct);
  for (size_t which = 0; which < 3; ++which)
    check_close(floats(got[3 + which]), gradient(f, qkv, dout_values, which), kProduct);
}

}  // namespace

TEST_CASE("masked attention of heads is that of the loop, in both conventions") {
  for (const Seen& seen : forms())
    for (const bool uniform : {false, true}) check_form(seen, uniform);
}

TEST_CASE("shares of a sum have the gradient of their formula, whatever is seen") {
  for (const Seen& seen : forms())
    for (const bool uniform : {false, true}) {
      INFO(seen.name << ", uniform " << uniform);
      Graph graph;
      const Tensor scores = graph.input({kBatch, kHeads, kTokens, kKeys}), dy = graph.input(scores.shape());
      const std::vector<float> values = random_values(kRows * kKeys, 7, 0.2f, 2),
                               dy_values = random_values(kRows * kKeys, 8), mask = seen.whole();
      std::vector<Input> inputs{{scores, values}, {dy, dy_values}};
      Normaliser how = normaliser_of(graph, seen, inputs);
      how.kind = Kind::proportion;
      how.uniform_if_empty = uniform;
      const Tensor y = normalise(scores, how).weights;
      const std::vector<Values> got = run_all(graph, inputs, {y, graph.grad(y, {scores}, dy)[0]});
      const auto f = [&](const Operands& in) {
        std::vector<double> shares;
        for (size_t row = 0; row < kRows * kKeys; row += kKeys) {
          double total = 0;
          for (size_t j = row; j < row + kKeys; ++j) total += mask[j] == 0 ? 0 : in[0][j];
          for (size_t j = row; j < row + kKeys; ++j)
            shares.push_back(total == 0 ? (uniform ? 1. / kKeys : 0) : mask[j] == 0 ? 0 : in[0][j] / total);
        }
        return shares;
      };
      check_close(floats(got[0]), f({widened(values)}), kRow);
      check_close(floats(got[1]), gradient(f, {widened(values)}, dy_values), kRow);
    }
}

TEST_CASE("a mask of what lengths say gives the weights that lengths give, whatever the normaliser") {
  const std::vector<uint32_t> counts{3, 0, 5, 1, 2, 4, 0, 5};
  const Seen by_length{.name = "", .lengths = {kBatch, kTokens}, .counts = counts};
  for (const bool heads : {false, true})
    for (const Kind kind : {Kind::softmax, Kind::proportion, Kind::sparsemax, Kind::hard})
      for (const bool uniform : {false, true}) {
        INFO("heads " << heads << ", normaliser " << int(kind) << ", uniform " << uniform);
        const Shape shape = heads ? Shape{kBatch, kHeads, kTokens, kKeys} : Shape{kBatch, kTokens, kKeys};
        std::vector<float> mask;
        for (const uint32_t count : counts)
          for (uint32_t j = 0; j < kKeys; ++j) mask.push_back(j < count ? 1 : 0);
        Graph graph;
        const Tensor scores = graph.input(shape), lengths = graph.input({kBatch, kTokens}, DType::u32),
                     seen = graph.input(heads ? Shape{kBatch, 1, kTokens, kKeys} : shape);
        const std::vector<Values> got = run_all(
            graph, {{scores, random_values(shape.elements(), 3, 0, 2)}, {lengths, counts}, {seen, mask}},
            {normalise(scores, {.kind = kind, .mask = seen, .uniform_if_empty = uniform}).weights,
             normalise(scores, {.kind = kind, .lengths = lengths, .uniform_if_empty = uniform}).weights});
        check_close(floats(got[0]), widened(floats(got[1])), kRow);
        for (size_t row = 0; row < shape.elements() / kKeys; ++row) {
          const uint32_t count =
              counts[row % kTokens + (row / (heads ? kHeads * kTokens : kTokens)) * kTokens];
          double sum = 0;
          for (size_t j = 0; j < kKeys; ++j) {
            const double weight = double(floats(got[0])[row * kKeys + j]);
            if (count > 0 && j >= count) CHECK(weight == 0);
            sum += weight;
          }
          CHECK(std::abs(sum - (count > 0 || uniform ? 1 : 0)) < 1e-5);
        }
      }
}

TEST_CASE("what is drawn under a mask is seen, and nothing where nothing is") {
  State generator = generator_of({3, 0, 0, 0});
  Graph graph;
  const Tensor scores = graph.input({kBatch, kHeads, kTokens, kKeys}), seen = graph.input({kTokens, kKeys});
  const std::vector<float> mask = random_mask({kTokens, kKeys}, 5), values = random_values(kRows * kKeys, 6);
  const Normalised made = normalise(scores, {.kind = Kind::sampled, .mask = seen, .generator = &generator});
  REQUIRE(made.log_probs.shape() == Shape({kBatch, kHeads, kTokens}));
  const std::vector<Values> got =
      run_all(graph, {{scores, values}, {seen, mask}}, {made.weights, made.log_probs});
  for (size_t row = 0; row < kRows; ++row) {
    double total = 0, drawn = 0, sum = 0;
    for (size_t j = 0; j < kKeys; ++j) {
      const double chance =
          std::exp(double(values[row * kKeys + j])) * double(mask[row % kTokens * kKeys + j]);
      const double weight = double(floats(got[0])[row * kKeys + j]);
      if (weight == 1) drawn = chance;
      total += chance;
      sum += weight;
    }
    CHECK(sum == (total > 0 ? 1 : 0));
    const double want = total > 0 ? std::log(drawn / total) : 0;  // -infinity for a key that is not seen
    CHECK(std::abs(double(floats(got[1])[row]) - want) < 1e-5);
  }
}

TEST_CASE("every score attends with heads as it does with batches") {
  const FreshScore fresh{.q_width = kWidth, .k_width = kWidth, .hidden = 6, .seed = 3};
  const AdditiveScore additive(device(), fresh);
  const BilinearScore bilinear(device(), fresh);
  const DistanceScore distance(device(), 0.5f);
  const DotScore dot;
  for (const Score* score : {static_cast<const Score*>(&additive), static_cast<const Score*>(&bilinear),
                             static_cast<const Score*>(&distance), static_cast<const Score*>(&dot)})
    for (const bool memory : {false, true}) {
      Graph graph;
      const Tensor q = graph.input({kBatch, kHeads, kTokens, kWidth}),
                   k = graph.input({kBatch, kHeads, kKeys, kWidth}),
                   v = graph.input({kBatch, kHeads, kKeys, 7});
      const auto flat = [](Tensor x) {
        return reshape(x, {x.shape()[0] * x.shape()[1], x.shape()[2], x.shape()[3]});
      };
      const AttendOptions how{.score = *score, .weights = true, .memory = memory};
      const auto keys = [&](Tensor x) { return memory ? score->memory(x) : x; };
      const Attended heads = attend(q, keys(k), v, how),
                     batches = attend(flat(q), keys(flat(k)), flat(v), how);
      REQUIRE(heads.out.shape() == Shape({kBatch, kHeads, kTokens, 7}));
      const std::vector<Values> got = run_all(graph,
                                              {{q, random_values(q.shape().elements(), 1)},
                                               {k, random_values(k.shape().elements(), 2)},
                                               {v, random_values(v.shape().elements(), 3)}},
                                              {heads.out, heads.weights, batches.out, batches.weights});
      for (size_t i : {0, 1}) check_close(floats(got[i]), widened(floats(got[i + 2])), kProduct);
    }
}

TEST_CASE("dot attention of heads goes through the fused op where no mask is given") {
  Graph graph;
  const Tensor x = graph.input({kBatch, kHeads, kKeys, kWidth});
  const auto ops_of = [&](const Normaliser& how) {
    const size_t before = graph.nodes().size();
    attend(x, x, x, {.score = DotScore(), .normaliser = how});
    return graph.nodes().size() - before;
  };
  CHECK(ops_of({.lengths = graph.input({kBatch}, DType::u32)}) == 1);
  CHECK(ops_of({.mask = graph.input({kKeys, kKeys})}) > 1);
}

TEST_CASE("masks and heads that do not fit are rejected") {
  Graph graph;
  const Tensor scores = graph.input({2, 2, 4, 5}), three = graph.input({2, 4, 5}),
               other = graph.input({2, 3, 4, 5});
  check_rejects([&] { normalise(scores, {.mask = three}); },
                {"normalise", "mask (2, 4, 5)", "scores (2, 2, 4, 5)", "(queries, keys)"});
  check_rejects([&] { normalise(scores, {.mask = other}); }, {"normalise", "mask (2, 3, 4, 5)"});
  check_rejects([&] { normalise(three, {.mask = scores}); }, {"normalise", "mask (2, 2, 4, 5)"});
  check_rejects([&] { attend(scores, three, three, {.score = DotScore()}); },
                {"attend", "queries (2, 2, 4, 5)", "keys (2, 4, 5)"});
  check_rejects([&] { attend(scores, other, other, {.score = DotScore()}); },
                {"attend", "queries (2, 2, 4, 5)", "keys (2, 3, 4, 5)"});
}
