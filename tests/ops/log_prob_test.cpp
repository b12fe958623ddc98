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

// Rows of n; ids: one a row.
std::vector<double> reference(const std::vector<double>& x, size_t n, const std::vector<uint32_t>& ids) {
  std::vector<double> y;
  for (size_t row = 0; row < ids.size(); ++row) {
    const double* from = x.data() + row * n;
    double largest = -INFINITY, sum = 0;
    for (size_t c = 0; c < n; ++c) largest = std::max(largest, from[c]);
    for (size_t c = 0; c < n; ++c) sum += std::exp(from[c] - largest);
    y.push_back(ids[row] < n ? from[ids[row]] - (largest + std::log(sum)) : NAN);
  }
  return y;
}

std::vector<float> log_prob_on_device(const std::vector<float>& values, const std::vector<uint32_t>& chosen) {
  const int64_t rows = int64_t(chosen.size());
  Graph graph;
  Tensor x = graph.input({rows, int64_t(values.size()) / rows}), ids = graph.input({rows}, DType::u32);
  return run(graph, {{x, values}, {ids, chosen}}, log_prob(x, ids));
}

std::vector<float> gradient_on_device(const std::vector<float>& values, const std::vector<uint32_t>& chosen,
                                      const std::vector<float>& dy_values) {
  const int64_t rows = int64_t(chosen.size());
  Graph graph;
  Tensor x = graph.input({rows, int64_t(values.size()) / rows}), ids = graph.input({rows}, DType::u32);
  Tensor dy = graph.input({rows});
  const Tensor y = log_prob(x, ids);
  const Tensor dx = gradients_of(y, dy).front();
  return run(graph, {{x, values}, {ids, chosen}, {dy, dy_values}}, dx);
}

}  // namespace

TEST_CASE("log_prob matches the double loop at every edge") {
  for (uint32_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 197, 1009})
    for (uint32_t rows : {1, 3, 37}) {
      INFO("rows " << rows << ", columns " << n);
      const std::vector<float> values = random_values(rows * n, n, -9, 9);
      const std::vector<uint32_t> chosen = random_ids(rows, n + 1, n);
      check_elements(log_prob_on_device(values, chosen), reference(widened(values), n, chosen));
    }
}

TEST_CASE("log_prob of long rows is exact to fp32") {
  for (uint32_t n : {60000, 65536}) {
    INFO("columns " << n);
    std::vector<float> values = random_values(2 * n, 4, 4.7f, 5.3f);
    values[1] = values[n + 1] = 5.6f;  // terms below 1 round when they are added up
    const std::vector<uint32_t> chosen{n - 1, 0};
    check_elements(log_prob_on_device(values, chosen), reference(widened(values), n, chosen));
  }
}

TEST_CASE("log_prob drops the last axis of any rank") {
  for (const Shape& shape : {Shape{13}, Shape{2, 13}, Shape{2, 1, 3, 13}, Shape{2, 1, 3, 1, 2, 13}}) {
    const Shape leading = shape.slice(0, shape.rank() - 1);
    Graph graph;
    Tensor x = graph.input(shape), ids = graph.input(leading, DType::u32);
    const std::vector<float> values = random_values(shape.elements(), 5, -3, 3);
    const std::vector<uint32_t> chosen = random_ids(leading.elements(), 6, 13);
    const Tensor y = log_prob(x, ids);
    REQUIRE(y.shape() == leading);
    check_elements(run(graph, {{x, values}, {ids, chosen}}, y), reference(widened(values), 13, chosen));
    REQUIRE(Plan(device(), graph, {y}).dispatches() == 1);
  }
}

TEST_CASE("log_prob of ids past the row is NaN") {
  const std::vector<float> values{1, 2, 3, 1, 2, 3, 1, 2, 3};
  const std::vector<float> got = log_prob_on_device(values, {3, 2, UINT32_MAX});
  check_close(got, reference(widened(values), 3, {3, 2, UINT32_MAX}), kRow);
}

TEST_CASE("log_prob takes strided views") {
  Graph graph;
  Tensor x = graph.input({5, 7}), ids = graph.input({7, 2}, DType::u32);
  const std::vector<float> values = random_values(35, 6, -3, 3);
  const std::vector<uint32_t> pairs = random_ids(14, 7, 5);
  std::vector<float> turned(35);
  for (size_t i = 0; i < 35; ++i) turned[i] = values[i % 5 * 7 + i / 5];
  std::vector<uint32_t> chosen;
  for (size_t row = 0; row < 7; ++row) chosen.push_back(pairs[row * 2 + 1]);
  const Tensor second = reshape(slice(ids, 1, 1, 1), {7});
  check_elements(run(graph, {{x, values}, {ids, pairs}}, log_prob(transpose(x), second)),
                 reference(widened(turned), 5, chosen));
}

TEST_CASE("log_prob survives large and masked entries, keeps NaN and infinity") {
  check_elements(log_prob_on_device({3e38f, 3e38f, -3e38f, -3e38f}, {0, 1}), {-std::log(2), -std::log(2)});
  check_close(log_prob_on_device({-kInf, 2, -kInf, 2}, {1, 0}), {0, -kInf}, kExact);
  check_close(log_prob_on_device({1, NAN, 1, kInf, -kInf, -kInf}, {0, 0, 0}), {NAN, NAN, NAN}, kExact);
}

TEST_CASE("log_prob has the gradient of its formula") {
  for (uint32_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 197})
    for (uint32_t rows : {1, 3}) {
      INFO("rows " << rows << ", columns " << n);
      const std::vector<float> values = random_values(rows * n, n, -9, 9), dy_values = random_values(rows, 8);
      const std::vector<uint32_t> chosen = random_ids(rows, n + 1, n);
      const auto f = [&](const Operands& inputs) { return reference(inputs[0], n, chosen); };
      check_elements(gradient_on_device(values, chosen, dy_values),
                     gradient(f, {widened(values)}, dy_values));
    }
}

TEST_CASE("log_prob's gradient is of any rank and takes strided views") {
  Graph graph;
  Tensor x = graph.input({13, 2, 3}), ids = graph.input({3, 2}, DType::u32), dy = graph.input({2, 3});
  const std::vector<float> values = random_values(78, 5, -3, 3), dy_values = random_values(6, 6);
  const std::vector<uint32_t> chosen = random_ids(6, 7, 13);
  const Tensor y = log_prob(permute(x, {2, 1, 0}), ids);  // (3, 2)
  const std::vector<Tensor> grads = gradients_of(y, transpose(dy));
  REQUIRE(grads.size() == 2);
  REQUIRE_FALSE(grads[1]);
  REQUIRE(grads[0].shape() == Shape({3, 2, 13}));
  std::vector<float> turned(78), turned_dy(6);
  for (size_t i = 0; i < 78; ++i) turned[(i % 3 * 2 + i / 3 % 2) * 13 + i / 6] = values[i];
  for (size_t i = 0; i < 6; ++i) turned_dy[i % 3 * 2 + i / 3] = dy_values[i];
  const auto f = [&](const Operands& inputs) { return reference(inputs[0], 13, chosen); };
  check_elements(run(graph, {{x, values}, {ids, chosen}, {dy, dy_values}}, grads[0]),
                 gradient(f, {widened(turned)}, turned_dy));
}

TEST_CASE("log_prob's gradient survives masked entries and hands NaN on") {
  check_close(gradient_on_device({-kInf, 2, 2, 3e38f, 3e38f, -3e38f}, {1, 0}, {4, 2}), {0, 2, -2, 1, -1, 0},
              kRow);
  check_close(gradient_on_device({-kInf, 2, 2}, {0}, {4}), {4, -2, -2}, kRow);  // y is -infinity
  const std::vector<double> row(3, NAN);
  for (const std::vector<float>& values :
       {std::vector<float>{1, NAN, 2}, {1, kInf, 2}, {-kInf, -kInf, -kInf}})
    check_close(gradient_on_device(values, {0}, {1}), row, kExact);
  check_close(gradient_on_device({1, 2, 3}, {3}, {1}), row, kExact);
  check_close(gradient_on_device({1, 2, 3}, {UINT32_MAX}, {1}), row, kExact);
  check_close(gradient_on_device({1, 2, 3}, {1}, {NAN}), row, kExact);
}

TEST_CASE("log_prob rejects what does not fit") {
  Graph graph;
  Tensor x = graph.input({4, 6}), ids = graph.input({4}, DType::u32), six = graph.input({6}, DType::u32);
  check_rejects([&] { log_prob(ids, ids); }, {"log_prob", "u32", "f32"});
  check_rejects([&] { log_prob(x, x); }, {"log_prob", "f32", "u32"});
  check_rejects([&] { log_prob(x, Tensor()); }, {"log_prob", "absent"});
  check_rejects([&] { log_prob(x, six); }, {"log_prob", "ids (6)", "x (4, 6)", "needs (4)"});
  check_rejects([&] { log_prob(graph.input({}), ids); }, {"log_prob", "last axis", "()"});
}
