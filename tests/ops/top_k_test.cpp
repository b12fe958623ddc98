#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Values falling, NaN before all others, equals in the order of their index.
void check_top_k(const std::vector<float>& x, const Shape& shape, int64_t k) {
  const size_t n = size_t(shape.back());
  std::vector<double> values;
  std::vector<uint32_t> indices;
  for (size_t start = 0; start < x.size(); start += n) {
    std::vector<uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const float va = x[start + a], vb = x[start + b];
      return va > vb || (std::isnan(va) && !std::isnan(vb));
    });
    for (size_t i = 0; i < size_t(k); ++i) {
      indices.push_back(order[i]);
      values.push_back(double(x[start + order[i]]));
    }
  }
  Graph graph;
  Tensor input = graph.input(shape);
  const TopK top = top_k(input, k);
  REQUIRE(top.values.shape() == shape.with(-1, k));
  REQUIRE(top.indices.shape() == shape.with(-1, k));
  const std::vector<Values> got = run_all(graph, {{input, x}}, {top.values, top.indices});
  REQUIRE(std::get<std::vector<uint32_t>>(got[1]) == indices);
  check_close(std::get<std::vector<float>>(got[0]), values, kExact);
}

}  // namespace

TEST_CASE("top_k matches a stable sort at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131})
    for (int64_t k : {int64_t(1), int64_t(2), n / 2, n - 1, n})
      if (1 <= k && k <= n) check_top_k(random_values(uint64_t(3 * n), uint32_t(n + k)), {3, n}, k);
}

TEST_CASE("top_k keeps the order of equal values") {
  for (int64_t k : {1, 5, 8, 40, 61}) {
    std::vector<float> values = random_values(4 * 61, 21, -2, 3);
    for (float& value : values) value = std::floor(value);  // -2, -1, 0, 1, 2
    check_top_k(values, {4, 61}, k);
    for (size_t i = 0; i < values.size(); i += 3)
      if (values[i] == 0) values[i] = -0.0f;  // both zeros are equal
    check_top_k(values, {4, 61}, k);
  }
}

TEST_CASE("top_k puts NaN first and takes infinities") {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> values = random_values(2 * 37, 22);
  values[30] = values[12] = NAN;
  values[31] = values[3] = inf;
  values[1] = values[33] = values[5] = -inf;
  for (size_t c = 0; c < 37; ++c) values[37 + c] = -inf;
  for (int64_t k : {1, 2, 3, 4, 5, 33, 35, 37}) check_top_k(values, {2, 37}, k);
}

TEST_CASE("top_k takes any rank, long rows and many") {
  check_top_k(random_values(13, 23), {13}, 4);
  check_top_k(random_values(2 * 3 * 13, 24), {2, 1, 3, 1, 1, 13}, 4);
  check_top_k(random_values(2 * 30011, 25, 0, 1e-3f), {2, 30011}, 64);
  check_top_k(random_values(3000, 26), {3000}, 500);
}

TEST_CASE("top_k rejects what does not fit") {
  Graph graph;
  Tensor x = graph.input({3, 5});
  check_rejects([&] { top_k(x, 6); }, {"top_k", "k 6", "rows of 5"});
  check_rejects([&] { top_k(x, 0); }, {"top_k", "k 0"});
  check_rejects([&] { top_k(graph.input({4}, DType::u32), 1); }, {"top_k", "u32", "f32"});
  check_rejects([&] { top_k(graph.input({}), 1); }, {"top_k", "last axis", "()"});
}
