#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/philox.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Sums in fp32, in the order of the columns, as the draw is defined.
std::vector<uint32_t> reference(const std::vector<float>& weights, size_t n, uint32_t stream,
                                const Words& generator) {
  std::vector<uint32_t> y;
  for (size_t row = 0; row < weights.size() / n; ++row) {
    const float u = float(word_of(row, stream, generator) >> 8) / 16777216.0f;
    float total = 0, sum = 0;
    for (size_t c = 0; c < n; ++c) total += weights[row * n + c];
    const float target = u * total;
    uint32_t drawn = uint32_t(n);
    for (size_t c = 0; c < n && !(sum > target); ++c) {
      sum += weights[row * n + c];
      if (weights[row * n + c] > 0) drawn = uint32_t(c);
    }
    y.push_back(std::isnan(total) ? uint32_t(n) : drawn);
  }
  return y;
}

}  // namespace

TEST_CASE("draw follows its generator at every edge") {
  const Words words{11, 22, 33, 44};
  const State generator = generator_of(words);
  for (size_t n : {1, 3, 7, 8, 9, 17, 131})
    for (size_t rows : {1, 3, 7, 8, 9, 31}) {
      Graph graph;
      const Tensor weights = graph.input({int64_t(rows), int64_t(n)});
      const std::vector<float> values = random_values(rows * n, uint32_t(n), 0, 2);
      const Tensor y = draw(weights, generator);
      REQUIRE(y.shape() == Shape{int64_t(rows)});
      CHECK(run_u32(graph, {{weights, values}}, y) == reference(values, n, 0, words));
    }
}

TEST_CASE("draw takes columns as often as their weights say, never those without one") {
  constexpr int64_t rows = 20000;
  const State generator = generator_of({5, 0, 0, 0});
  Graph graph;
  const Tensor weights = graph.input({5}), each = expand(weights, {rows, 5});
  std::vector<double> count(6, 0);
  const std::vector<float> values = {0, 0.5f, 2, 0, 1.5f};
  for (const uint32_t c : run_u32(graph, {{weights, values}}, draw(each, generator))) ++count[c];
  CHECK(count[0] + count[3] + count[5] == 0);
  for (const size_t c : {1, 2, 4}) {
    const double p = double(values[c]) / 4, deviation = std::sqrt(p * (1 - p) / rows);
    CHECK(std::abs(count[c] / rows - p) < 4 * deviation);
  }
}

TEST_CASE("draw takes another number each step and each place of the graph") {
  State generator = generator_of({5, 0, 0, 0});
  Graph graph;
  const Tensor weights = fill(graph, {64, 16}, 1);
  const Tensor first = draw(weights, generator), second = draw(weights, generator);
  const Tensor step = advance(graph, generator);
  Plan plan(device(), graph, {first, second, step});
  plan.run();
  const std::vector<uint32_t> once = plan.read_u32(first), other = plan.read_u32(second);
  plan.run();
  CHECK(once != other);
  CHECK(once != plan.read_u32(first));
}

TEST_CASE("draw finds no column where there is no weight, and none among NaN") {
  const State generator = generator_of({1, 0, 0, 0});
  Graph graph;
  const Tensor weights = graph.input({2, 2, 3});
  const std::vector<float> values = {0, 0, 0, 0, NAN, 1, 0, 0, 2, 2e-38f, 0, 0};
  const Tensor y = draw(weights, generator);
  REQUIRE(y.shape() == Shape{2, 2});
  CHECK(run_u32(graph, {{weights, values}}, y) == std::vector<uint32_t>{3, 3, 2, 0});
}

TEST_CASE("draw has no gradient, and rejects what does not fit") {
  const State generator = generator_of({1, 0, 0, 0}), wrong(device(), {3}, DType::u32);
  Graph graph;
  const Tensor weights = graph.input({4, 6}), ids = graph.input({4, 6}, DType::u32);
  check_rejects([&] { draw(ids, generator); }, {"draw", "u32", "f32"});
  check_rejects([&] { draw(graph.input({}), generator); }, {"draw", "last axis", "()"});
  check_rejects([&] { draw(weights, wrong); }, {"draw", "generator of (3)", "(4)"});
}
