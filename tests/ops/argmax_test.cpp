#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<uint32_t> reference(const std::vector<float>& x, size_t n) {
  std::vector<uint32_t> y;
  for (size_t start = 0; start < x.size(); start += n) {
    size_t best = 0;
    for (size_t c = 1; c < n && !std::isnan(x[start + best]); ++c)
      if (std::isnan(x[start + c]) || x[start + c] > x[start + best]) best = c;
    y.push_back(uint32_t(best));
  }
  return y;
}

}  // namespace

TEST_CASE("argmax matches the loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131, 1009}) {
    Graph graph;
    Tensor x = graph.input({5, n});
    const std::vector<float> values = random_values(uint64_t(5 * n), uint32_t(n));
    REQUIRE(run_u32(graph, {{x, values}}, argmax(x)) == reference(values, size_t(n)));
  }
}

TEST_CASE("argmax drops the last axis of any rank") {
  for (const Shape& shape : {Shape{13}, Shape{2, 13}, Shape{2, 1, 3, 13}, Shape{2, 1, 3, 1, 2, 13}}) {
    Graph graph;
    Tensor x = graph.input(shape);
    const std::vector<float> values = random_values(shape.elements(), 5, -3, -2);
    Tensor y = argmax(x);
    REQUIRE(y.shape() == shape.slice(0, shape.rank() - 1));
    REQUIRE(run_u32(graph, {{x, values}}, y) == reference(values, 13));
  }
}

TEST_CASE("argmax gives the first of equals and lets NaN win") {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> values(7 * 37, 0);  // row 0: all equal
  values[37 + 9] = values[37 + 17] = 2;  // row 1: two equal
  values[2 * 37 + 30] = NAN, values[2 * 37 + 12] = NAN, values[2 * 37] = inf;
  for (size_t c = 0; c < 37; ++c) values[3 * 37 + c] = -inf;                  // row 3: nothing but -infinity
  for (size_t c = 0; c < 37; ++c) values[4 * 37 + c] = c < 5 ? -0.0f : 0.0f;  // zeros are equal
  values[5 * 37 + 36] = 1e-40f;  // row 5: a subnormal is larger than 0, if kept
  for (size_t c = 0; c < 37; ++c) values[6 * 37 + c] = -float(c % 4) - 1;
  Graph graph;
  Tensor x = graph.input({7, 37});
  REQUIRE(run_u32(graph, {{x, values}}, argmax(x)) == std::vector<uint32_t>{0, 9, 12, 0, 0, 36, 0});
}

TEST_CASE("argmax rejects what does not fit") {
  Graph graph;
  check_rejects([&] { argmax(graph.input({4}, DType::u32)); }, {"argmax", "u32", "f32"});
  check_rejects([&] { argmax(graph.input({})); }, {"argmax", "last axis", "()"});
}
