#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// Algorithm 1 of Martins and Astudillo 2016, by sorting. Rows of n; lengths: one for each group of rows.
std::vector<double> reference(const std::vector<double>& x, size_t n,
                              const std::vector<uint32_t>& lengths = {}, size_t rows_per_length = 1) {
  std::vector<double> y(x.size(), 0);
  for (size_t row = 0; row < x.size() / n; ++row) {
    const size_t seen = lengths.empty() ? n : std::min<size_t>(n, lengths[row / rows_per_length]);
    const auto from = x.begin() + int64_t(row * n);
    std::vector<double> sorted(from, from + int64_t(seen));
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    double sum = 0, threshold = 0;
    for (size_t k = 0; k < seen; ++k) {
      sum += sorted[k];
      if (1 + double(k + 1) * sorted[k] > sum) threshold = (sum - 1) / double(k + 1);
    }
    for (size_t c = 0; c < seen; ++c) y[row * n + c] = std::max(x[row * n + c] - threshold, 0.0);
  }
  return y;
}

std::vector<float> one_row(const std::vector<float>& values) {
  Graph graph;
  const Tensor x = graph.input({int64_t(values.size())});
  return run(graph, {{x, values}}, sparsemax(x));
}

}  // namespace

TEST_CASE("sparsemax matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 197, 1009})
    for (float size : {0.01f, 1.0f, 20.0f}) {
      INFO(n << " columns of the size " << size);
      Graph graph;
      const Tensor x = graph.input({3, n});
      const std::vector<float> values = random_values(uint64_t(3 * n), uint32_t(n), -size, size);
      check_close(run(graph, {{x, values}}, sparsemax(x)), reference(widened(values), size_t(n)), kRow);
    }
}

TEST_CASE("sparsemax takes any rank and strided views") {
  for (const Shape& shape : {Shape{13}, Shape{2, 1, 3, 13}, Shape{2, 1, 3, 1, 2, 13}}) {
    Graph graph;
    const Tensor x = graph.input(shape);
    const std::vector<float> values = random_values(shape.elements(), 5);
    check_close(run(graph, {{x, values}}, sparsemax(x)), reference(widened(values), 13), kRow);
  }
  Graph graph;
  const Tensor x = graph.input({5, 7});
  const std::vector<float> values = random_values(35, 6);
  std::vector<float> turned(35);
  for (size_t i = 0; i < 35; ++i) turned[i] = values[i % 5 * 7 + i / 5];
  check_close(run(graph, {{x, values}}, sparsemax(transpose(x))), reference(widened(turned), 5), kRow);
}

TEST_CASE("sparsemax sees as many columns as the lengths say") {
  const std::vector<uint32_t> counts = {0, 1, 10, 11, 17, 4000000000u};
  for (const bool each : {false, true}) {  // a length a batch of six rows, or for each of three queries
    Graph graph;
    const Tensor x = each ? graph.input({2, 2, 3, 17}) : graph.input({6, 2, 3, 17});
    const Tensor lengths = each ? graph.input({2, 3}, DType::u32) : graph.input({6}, DType::u32);
    std::vector<float> values = random_values(x.shape().elements(), 7);
    std::vector<uint32_t> of_rows;
    for (size_t row = 0; row < values.size() / 17; ++row)
      of_rows.push_back(each ? counts[row / 6 * 3 + row % 3] : counts[row / 6]);
    const std::vector<double> want = reference(widened(values), 17, of_rows);
    for (size_t row = 0; row < of_rows.size(); ++row)  // what lies behind the length is not read
      for (size_t c = of_rows[row]; c < 17; ++c) values[row * 17 + c] = c % 2 ? NAN : kInf;
    check_close(run(graph, {{x, values}, {lengths, counts}}, sparsemax(x, lengths)), want, kRow);
  }
}

TEST_CASE("sparsemax survives large and masked entries") {
  check_close(one_row({3e38f, 3e38f, -3e38f}), {0.5, 0.5, 0}, kRow);
  check_close(one_row({1000, 1000.5f, -kInf}), {0.25, 0.75, 0}, kRow);
  REQUIRE(one_row({-kInf, -kInf, -kInf}) == std::vector<float>{0, 0, 0});
  REQUIRE(one_row({-kInf, 2, -kInf}) == std::vector<float>{0, 1, 0});
  REQUIRE(one_row({5, 4, 0}) == std::vector<float>{1, 0, 0});  // the second just touches
}

TEST_CASE("sparsemax keeps NaN and infinity") {
  check_close(one_row({1, NAN, 2, 3, 4}), std::vector<double>(5, NAN), kRow);
  check_close(one_row({1, kInf, 2}), std::vector<double>(3, NAN), kRow);
  check_close(one_row({NAN, -kInf}), std::vector<double>(2, NAN), kRow);
}

TEST_CASE("sparsemax has the gradient of its formula") {
  for (size_t n : {1, 3, 8, 9, 17, 33}) {
    Graph graph;
    const Tensor x = graph.input({4, int64_t(n)}), dy = graph.input({4, int64_t(n)});
    const std::vector<float> values = random_values(4 * n, 8), dy_values = random_values(4 * n, 9);
    const Tensor dx = gradients_of(sparsemax(x), dy).front();
    const auto f = [&](const Operands& inputs) { return reference(inputs[0], n); };
    check_close(run(graph, {{x, values}, {dy, dy_values}}, dx), gradient(f, {widened(values)}, dy_values),
                kRow);
  }
}

TEST_CASE("sparsemax passes no gradient to masked columns, and all of NaN") {
  Graph graph;
  const Tensor x = graph.input({3, 2, 5}), lengths = graph.input({3, 2}, DType::u32);
  const Tensor dy = graph.input({3, 2, 5});
  std::vector<float> values = random_values(30, 8);
  const std::vector<float> dy_values = random_values(30, 9);
  const std::vector<uint32_t> counts = {0, 1, 3, 4, 5, 9};
  const Tensor dx = gradients_of(sparsemax(x, lengths), dy).front();
  const auto f = [&](const Operands& inputs) { return reference(inputs[0], 5, counts); };
  std::vector<double> want = gradient(f, {widened(values)}, dy_values);
  values[29] = NAN;
  for (size_t c = 25; c < 30; ++c) want[c] = NAN;
  check_close(run(graph, {{x, values}, {lengths, counts}, {dy, dy_values}}, dx), want, kRow);
}

TEST_CASE("sparsemax rejects what does not fit") {
  Graph graph;
  const Tensor x = graph.input({4, 6}), ids = graph.input({4}, DType::u32);
  check_rejects([&] { sparsemax(ids); }, {"sparsemax", "u32", "f32"});
  check_rejects([&] { sparsemax(graph.input({})); }, {"sparsemax", "last axis", "()"});
  check_rejects([&] { sparsemax(x, graph.input({5}, DType::u32)); }, {"sparsemax", "lengths (5)", "(4, 6)"});
  check_rejects([&] { sparsemax(x, graph.input({4, 6}, DType::u32)); },
                {"sparsemax", "lengths (4, 6)", "x (4, 6)"});
  check_rejects([&] { sparsemax(x, graph.input({4})); }, {"sparsemax", "f32", "u32"});
}
