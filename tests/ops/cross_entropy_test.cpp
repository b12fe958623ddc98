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
constexpr uint32_t kNone = UINT32_MAX;

struct Losses {
  double mean = 0;
  std::vector<double> rows;
  double count = 0;
};

// x: rows of n. As PyTorch's CrossEntropyLoss(label_smoothing, ignore_index) defines it.
template <class T>
Losses reference(const std::vector<T>& x, size_t n, const std::vector<uint32_t>& ids,
                 const CrossEntropyOptions& options) {
  Losses result;
  const double eps = double(options.smoothing);
  for (size_t row = 0; row < ids.size(); ++row) {
    double loss = 0;
    if (ids[row] != options.ignored) {
      const T* from = x.data() + row * n;
      double top = -1e300, sum = 0;
      for (size_t c = 0; c < n; ++c) top = std::max(top, double(from[c]));
      for (size_t c = 0; c < n; ++c) sum += std::exp(double(from[c]) - top);
      const auto cost = [&](size_t c) { return std::log(sum) - (double(from[c]) - top); };
      loss = (1 - eps) * (ids[row] < n ? cost(ids[row]) : double(NAN));
      for (size_t c = 0; c < n && eps > 0; ++c) loss += eps / double(n) * cost(c);
      result.count += 1;
    }
    result.rows.push_back(loss);
    result.mean += loss;
  }
  if (result.count > 0) result.mean /= result.count;
  return result;
}

struct Case {
  size_t n;  // columns
  std::vector<uint32_t> ids;
  CrossEntropyOptions options = {};
  Shape shape() const { return {int64_t(ids.size()), int64_t(n)}; }
};

// Compares the loss, the rows' losses, the count, and the gradient of 3 * loss; tells the mean.
float check_case(const Case& what, const std::vector<float>& values, bool gradients = true) {
  Graph graph;
  Tensor x = graph.input(what.shape()), ids = graph.input({what.shape()[0]}, DType::u32);
  Tensor dloss = graph.input({1});
  const CrossEntropy y = cross_entropy(x, ids, what.options);
  Tensor dx = gradients_of(y.loss, dloss).front();
  REQUIRE(y.loss.shape() == Shape{1});
  REQUIRE(y.rows.shape() == ids.shape());
  REQUIRE(y.count.shape() == Shape{1});
  const std::vector<Values> got = run_all(
      graph, {{x, values}, {ids, what.ids}, {dloss, std::vector<float>{3}}}, {y.loss, y.rows, y.count, dx});
  const auto floats = [&](size_t i) { return std::get<std::vector<float>>(got[i]); };
  const Losses want = reference(values, what.n, what.ids, what.options);
  check_close(floats(0), {want.mean}, kRow);
  check_close(floats(1), want.rows, kRow);
  check_close(floats(2), {want.count}, kExact);
  if (gradients) {
    const auto f = [&](const Operands& inputs) {
      return std::vector{reference(inputs[0], what.n, what.ids, what.options).mean};
    };
    check_close(floats(3), gradient(f, {widened(values)}, {3}), kRow);
  }
  return floats(0)[0];
}

// The rows' losses and the gradient of the mean.
std::pair<std::vector<float>, std::vector<float>> rows_and_gradient(const Case& what,
                                                                    const std::vector<float>& values) {
  Graph graph;
  Tensor x = graph.input(what.shape()), ids = graph.input({what.shape()[0]}, DType::u32);
  Tensor dloss = fill(graph, {1}, 1);
  const CrossEntropy y = cross_entropy(x, ids, what.options);
  Tensor dx = gradients_of(y.loss, dloss).front();
  const std::vector<Values> got = run_all(graph, {{x, values}, {ids, what.ids}}, {y.rows, dx});
  return {std::get<std::vector<float>>(got[0]), std::get<std::vector<float>>(got[1])};
}

}  // namespace

TEST_CASE("cross_entropy and its gradient match the double loop at every edge") {
  for (size_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 131})
    for (float smoothing : {0.0f, 0.1f, 1.0f}) {
      INFO(n << " columns, smoothing " << smoothing);
      const std::vector<float> values = random_values(5 * n, uint32_t(n), -6, 6);
      check_case({n, random_ids(5, uint32_t(n), uint32_t(n)), {.smoothing = smoothing}}, values);
    }
  for (size_t n : {127, 128, 129, 1009, 8011})
    check_case({n, random_ids(3, uint32_t(n), uint32_t(n)), {.smoothing = 0.1f}},
               random_values(3 * n, uint32_t(n), -6, 6), false);
}

TEST_CASE("cross_entropy is that of the textbook") {
  const float mean = check_case({2, {1, 0}}, {0, std::log(3.0f), 0, 0});
  REQUIRE(std::abs(mean - (std::log(4.0f / 3) + std::log(2.0f)) / 2) < 1e-6f);
}

TEST_CASE("cross_entropy is a mean over the rows that count") {
  const CrossEntropyOptions options{.smoothing = 0.1f, .ignored = 1};
  for (size_t rows : {1, 3, 7, 8, 9, 16, 17, 33}) {
    const std::vector<float> values = random_values(rows * 5, uint32_t(rows), -3, 3);
    check_case({5, random_ids(rows, 4, 5), options}, values);
    check_case({5, random_ids(rows, 4, 5), {}}, values);
    REQUIRE(check_case({5, std::vector<uint32_t>(rows, 1), options}, values) == 0);
  }
  check_case({3, random_ids(5003, 5, 3), {.ignored = 2}}, random_values(5003 * 3, 6, -3, 3), false);
  std::vector<float> values(4096, 0);  // thousands of small losses beside a large one
  values[0] = -1e8f;
  for (size_t row = 1; row < 2048; ++row) values[2 * row] = 8;
  check_case({2, std::vector<uint32_t>(2048, 0)}, values, false);
}

TEST_CASE("cross_entropy does not read ignored rows, and their gradient is zero") {
  const auto [rows, dx] = rows_and_gradient({2, {7, 0, 7}, {.ignored = 7}}, {NAN, 1, 0, 0, kInf, 5});
  check_close(rows, {0, std::log(2), 0}, kRow);
  check_close(dx, {0, 0, -0.5, 0.5, 0, 0}, kRow);
  const auto [none, zeros] = rows_and_gradient({2, {kNone, kNone}}, {NAN, 1, kInf, 5});
  REQUIRE(none == std::vector<float>{0, 0});
  REQUIRE(zeros == std::vector<float>{0, 0, 0, 0});
}

TEST_CASE("cross_entropy survives large entries and entries of -infinity") {
  check_case({3, {0, 2, 1}}, {3e38f, 3e38f, -3e38f, 1000, 1001, 1002, -1e4f, -1e4f, -1e4f}, false);
  check_case({4, {0, 2}, {.smoothing = 0.2f}}, {10000, 10001, 10002, 9999, -5e4f, -5e4f, -50001, -5e4f},
             false);
  const auto [rows, dx] = rows_and_gradient({3, {1, 2}}, {-kInf, 2, -kInf, 0, 0, -kInf});
  check_close(rows, {0, kInf}, kExact);
  check_close(dx, {0, 0, 0, 0.25, 0.25, -0.5}, kRow);
  const auto [spread, ignored] = rows_and_gradient({2, {1}, {.smoothing = 0.5f}}, {-kInf, 2});
  check_close(spread, {kInf}, kExact);
}

TEST_CASE("cross_entropy makes NaN of NaN, of infinity, of nothing, and of ids outside the vocabulary") {
  const auto [rows, dx] =
      rows_and_gradient({2, {0, 0, 0, 2, 1}}, {NAN, 1, 1, kInf, -kInf, -kInf, 1, 1, 0, 0});
  check_close(rows, {NAN, NAN, NAN, NAN, std::log(2)}, kRow);
  check_close(dx, {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0.1, -0.1}, kRow);
  Graph graph;
  Tensor x = graph.input({2, 9}), ids = graph.input({2}, DType::u32);
  std::vector<float> values = random_values(18, 1);
  const std::vector<uint32_t> chosen{8, kNone};
  const CrossEntropy y = cross_entropy(x, ids, {.ignored = 3});
  check_close(run(graph, {{x, values}, {ids, chosen}}, y.loss), {NAN}, kExact);
  values[5] = NAN;
  check_close(run(graph, {{x, values}, {ids, std::vector<uint32_t>{0, 0}}}, y.loss), {NAN}, kExact);
}

TEST_CASE("cross_entropy takes any rank and strided views") {
  Graph graph;
  Tensor x = graph.input({4, 2, 3}), ids = graph.input({3, 2}, DType::u32), one = graph.input({}, DType::u32);
  const std::vector<float> values = random_values(24, 8, -2, 2);
  const std::vector<uint32_t> chosen = random_ids(6, 9, 4);
  std::vector<float> turned;  // (2, 3, 4)
  std::vector<uint32_t> turned_ids;
  for (size_t row = 0; row < 6; ++row) {
    for (size_t c = 0; c < 4; ++c) turned.push_back(values[c * 6 + row]);
    turned_ids.push_back(chosen[row % 3 * 2 + row / 3]);
  }
  const CrossEntropy y = cross_entropy(permute(x, {1, 2, 0}), transpose(ids));
  REQUIRE(y.rows.shape() == Shape{2, 3});
  check_close(run(graph, {{x, values}, {ids, chosen}}, y.rows), reference(turned, 4, turned_ids, {}).rows,
              kRow);

  Tensor row = graph.input({7});
  const std::vector<float> numbers = random_values(7, 10);
  const CrossEntropy z = cross_entropy(row, one);
  REQUIRE(z.rows.shape() == Shape{});
  check_close(run(graph, {{row, numbers}, {one, std::vector<uint32_t>{6}}}, z.loss),
              {reference(numbers, 7, {6}, {}).mean}, kRow);
}

TEST_CASE("cross_entropy of two sets of labels, mixed") {
  Graph graph;
  Tensor x = graph.input({5, 6}), a = graph.input({5}, DType::u32), b = graph.input({5}, DType::u32);
  const std::vector<float> values = random_values(30, 11, -2, 2);
  const std::vector<uint32_t> first = random_ids(5, 12, 6), second = random_ids(5, 13, 6);
  Tensor y = add(scale(cross_entropy(x, a).loss, 0.75f), scale(cross_entropy(x, b).loss, 0.25f));
  const double want =
      0.75 * reference(values, 6, first, {}).mean + 0.25 * reference(values, 6, second, {}).mean;
  check_close(run(graph, {{x, values}, {a, first}, {b, second}}, y), {want}, kRow);
}

TEST_CASE("cross_entropy rejects what does not fit") {
  Graph graph;
  Tensor x = graph.input({4, 6}), ids = graph.input({4}, DType::u32), five = graph.input({5}, DType::u32);
  check_rejects([&] { cross_entropy(ids, ids); }, {"cross_entropy", "u32", "f32"});
  check_rejects([&] { cross_entropy(x, x); }, {"cross_entropy", "f32", "u32"});
  check_rejects([&] { cross_entropy(x, five); }, {"cross_entropy", "ids (5)", "(4, 6)", "(4)"});
  check_rejects([&] { cross_entropy(graph.input({}), ids); }, {"cross_entropy", "last axis", "()"});
  check_rejects([&] { cross_entropy(x, ids, {.smoothing = 1.5f}); }, {"cross_entropy", "1.5", "[0, 1]"});
  check_rejects([&] { cross_entropy(x, ids, {.smoothing = NAN}); }, {"cross_entropy", "nan"});
  check_rejects([&] { cross_entropy(Tensor(), ids); }, {"cross_entropy", "absent"});
}
