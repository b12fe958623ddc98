#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// Rows of n; lengths: one for each group of rows_per_length rows, or empty.
std::vector<double> reference(const std::vector<double>& x, int64_t n, double factor,
                              const std::vector<uint32_t>& lengths = {}, int64_t rows_per_length = 1) {
  std::vector<double> y(x.size(), 0);
  for (int64_t row = 0; row < int64_t(x.size()) / n; ++row) {
    const double* from = x.data() + row * n;
    int64_t seen = n;
    if (!lengths.empty()) seen = std::min<int64_t>(n, lengths[size_t(row / rows_per_length)]);
    double largest = -1e300, sum = 0;
    for (int64_t c = 0; c < seen; ++c) largest = std::max(largest, factor * from[c]);
    for (int64_t c = 0; c < seen; ++c) sum += std::exp(factor * from[c] - largest);
    for (int64_t c = 0; c < seen; ++c) y[size_t(row * n + c)] = std::exp(factor * from[c] - largest) / sum;
  }
  return y;
}

std::vector<float> one_row(const std::vector<float>& values) {
  Graph graph;
  Tensor x = graph.input({int64_t(values.size())});
  return run(graph, {{x, values}}, softmax(x));
}

}  // namespace

TEST_CASE("softmax matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 197, 1009}) {
    Graph graph;
    Tensor x = graph.input({3, n});
    const std::vector<float> values = random_values(uint64_t(3 * n), uint32_t(n), -9, 9);
    check_close(run(graph, {{x, values}}, softmax(x, {.scale = 0.7f})), reference(widened(values), n, 0.7f),
                kRow);
  }
}

TEST_CASE("softmax takes any rank") {
  for (const Shape& shape : {Shape{13}, Shape{2, 13}, Shape{2, 1, 3, 13}, Shape{2, 1, 3, 1, 2, 13}}) {
    Graph graph;
    Tensor x = graph.input(shape);
    const std::vector<float> values = random_values(shape.elements(), 5, -3, 3);
    check_close(run(graph, {{x, values}}, softmax(x)), reference(widened(values), 13, 1), kRow);
  }
}

TEST_CASE("softmax takes strided views") {
  Graph graph;
  Tensor x = graph.input({5, 7});
  const std::vector<float> values = random_values(35, 6, -3, 3);
  std::vector<float> turned(35);
  for (size_t i = 0; i < 35; ++i) turned[i] = values[i % 5 * 7 + i / 5];
  check_close(run(graph, {{x, values}}, softmax(transpose(x))), reference(widened(turned), 5, 1), kRow);
}

TEST_CASE("softmax sees as many columns as the lengths say") {
  const std::vector<uint32_t> counts = {0, 1, 10, 11, 17, 4000000000u};
  Graph graph;
  Tensor x = graph.input({6, 2, 3, 17});
  Tensor lengths = graph.input({6}, DType::u32);
  std::vector<float> values = random_values(x.shape().elements(), 7, -4, 4);
  const std::vector<double> want = reference(widened(values), 17, 2, counts, 6);
  for (int64_t row = 0; row < 36; ++row)  // what lies behind the length is not read
    for (int64_t c = counts[size_t(row / 6)]; c < 17; ++c) values[size_t(row * 17 + c)] = c % 2 ? NAN : kInf;
  const std::vector<float> got =
      run(graph, {{x, values}, {lengths, counts}}, softmax(x, {.scale = 2, .lengths = lengths}));
  check_close(got, want, kRow);
  for (size_t i = 0; i < want.size(); ++i)
    if (want[i] == 0) REQUIRE(got[i] == 0);
}

TEST_CASE("softmax sees as many columns as the lengths of each row of a batch say") {
  const std::vector<uint32_t> counts = {0, 1, 10, 11, 17, 4000000000u};
  for (const Shape& shape : {Shape{2, 3, 17}, Shape{2, 5, 3, 17}}) {
    Graph graph;
    const Tensor x = graph.input(shape), lengths = graph.input({2, 3}, DType::u32), dy = graph.input(shape);
    std::vector<float> values = random_values(shape.elements(), 7, -4, 4);
    const std::vector<float> dy_values = random_values(shape.elements(), 8);
    std::vector<uint32_t> of_rows;
    for (size_t row = 0; row < shape.elements() / 17; ++row)
      of_rows.push_back(counts[row / (shape.elements() / 34) * 3 + row % 3]);
    const auto f = [&](const Operands& inputs) { return reference(inputs[0], 17, 0.5, of_rows); };
    const std::vector<double> want = f({widened(values)}), dwant = gradient(f, {widened(values)}, dy_values);
    for (size_t row = 0; row < of_rows.size(); ++row)
      for (size_t c = of_rows[row]; c < 17; ++c) values[row * 17 + c] = c % 2 ? NAN : kInf;
    const Tensor y = softmax(x, {.scale = 0.5f, .lengths = lengths});
    const std::vector<Values> got =
        run_all(graph, {{x, values}, {lengths, counts}, {dy, dy_values}}, {y, gradients_of(y, dy).front()});
    check_close(std::get<std::vector<float>>(got[0]), want, kRow);
    check_close(std::get<std::vector<float>>(got[1]), dwant, kRow);
  }
}

TEST_CASE("softmax survives large and masked entries") {
  check_close(one_row({3e38f, 3e38f, -3e38f}), {0.5, 0.5, 0}, kRow);
  check_close(one_row({1000, 1001, -kInf}), {1 / (1 + std::exp(1)), 1 / (1 + std::exp(-1)), 0}, kRow);
  REQUIRE(one_row({-kInf, -kInf, -kInf}) == std::vector<float>{0, 0, 0});
  REQUIRE(one_row({-kInf, 2, -kInf}) == std::vector<float>{0, 1, 0});
}

TEST_CASE("softmax keeps NaN and infinity") {
  check_close(one_row({1, NAN, 2, 3, 4}), std::vector<double>(5, NAN), kRow);
  check_close(one_row({NAN, -kInf}), std::vector<double>(2, NAN), kRow);
  check_close(one_row({1, kInf, 2}), std::vector<double>(3, NAN), kRow);
}

TEST_CASE("softmax has the gradient of its formula") {
  for (size_t n : {1, 3, 7, 8, 9, 17, 131}) {
    Graph graph;
    const Tensor x = graph.input({4, int64_t(n)}), dy = graph.input({int64_t(n), 4});
    const std::vector<float> values = random_values(4 * n, 8, -2, 2), turned = random_values(4 * n, 9);
    std::vector<float> dy_values(4 * n);
    for (size_t i = 0; i < 4 * n; ++i) dy_values[i] = turned[i % n * 4 + i / n];
    const Tensor dx = gradients_of(softmax(x, {.scale = 0.5f}), transpose(dy)).front();
    const auto f = [&](const Operands& inputs) { return reference(inputs[0], int64_t(n), 0.5); };
    check_close(run(graph, {{x, values}, {dy, turned}}, dx), gradient(f, {widened(values)}, dy_values), kRow);
  }
}

TEST_CASE("softmax rejects what does not fit") {
  Graph graph;
  Tensor x = graph.input({4, 6}), row = graph.input({6});
  Tensor ids = graph.input({4}, DType::u32), five = graph.input({5}, DType::u32);
  check_rejects([&] { softmax(ids); }, {"softmax", "u32", "f32"});
  check_rejects([&] { softmax(graph.input({})); }, {"softmax", "last axis", "()"});
  check_rejects([&] { softmax(x, {.lengths = five}); }, {"softmax", "lengths (5)", "(4, 6)"});
  check_rejects([&] { softmax(x, {.lengths = row}); }, {"softmax", "f32", "u32"});
  Tensor six = graph.input({6}, DType::u32), each = graph.input({4, 6}, DType::u32);
  check_rejects([&] { softmax(x, {.lengths = each}); }, {"softmax", "lengths (4, 6)", "x (4, 6)"});
  check_rejects([&] { softmax(row, {.lengths = six}); }, {"softmax", "lengths (6)", "x (6)"});
}

TEST_CASE("softmax shows queries no later columns when it is causal") {
  for (const int64_t queries : {1, 3, 5, 8, 9})
    for (const int64_t n : {1, 4, 5, 9, 17}) {
      Graph graph;
      const Tensor x = graph.input({2, 2, queries, n}), lengths = graph.input({2}, DType::u32);
      const std::vector<float> values = random_values(x.shape().elements(), uint32_t(queries * n), -3, 3);
      const std::vector<uint32_t> counts{uint32_t(n), uint32_t(n / 2)};
      std::vector<double> want;
      for (int64_t row = 0; row < 4 * queries; ++row) {
        const int64_t last = row % queries + n - queries, count = counts[size_t(row / (2 * queries))];
        const auto from = values.begin() + row * n;
        const uint32_t seen = uint32_t(std::clamp<int64_t>(last + 1, 0, count));
        const std::vector<double> made = reference({from, from + n}, n, 1, {seen});
        want.insert(want.end(), made.begin(), made.end());
      }
      check_close(
          run(graph, {{x, values}, {lengths, counts}}, softmax(x, {.lengths = lengths, .causal = true})),
          want, kRow);
    }
  Graph graph;
  check_rejects([&] { softmax(graph.input({3}), {.causal = true}); }, {"softmax", "causal", "(3)"});
}
