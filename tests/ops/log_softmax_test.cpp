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

// Rows of n.
std::vector<double> reference(const std::vector<float>& x, size_t n) {
  std::vector<double> y;
  for (size_t start = 0; start < x.size(); start += n) {
    double largest = -INFINITY, sum = 0;
    for (size_t c = 0; c < n; ++c) largest = std::max(largest, double(x[start + c]));
    for (size_t c = 0; c < n; ++c) sum += std::exp(double(x[start + c]) - largest);
    for (size_t c = 0; c < n; ++c) y.push_back(double(x[start + c]) - largest - std::log(sum));
  }
  return y;
}

std::vector<float> log_softmax_on_device(const std::vector<float>& values, int64_t n) {
  Graph graph;
  Tensor x = graph.input({int64_t(values.size()) / n, n});
  return run(graph, {{x, values}}, log_softmax(x));
}

}  // namespace

TEST_CASE("log_softmax matches the double loop at every edge") {
  for (int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 197, 1009})
    for (int64_t rows : {1, 3, 37}) {
      INFO("rows " << rows << ", columns " << n);
      const std::vector<float> values = random_values(uint64_t(rows * n), uint32_t(n), -9, 9);
      check_elements(log_softmax_on_device(values, n), reference(values, size_t(n)));
    }
}

TEST_CASE("log_softmax of long rows is exact to fp32") {
  for (int64_t n : {60000, 65536})
    for (float spread : {0.0f, 0.3f, 20.0f}) {
      INFO("columns " << n << ", spread " << spread);
      std::vector<float> values = random_values(uint64_t(n), 4, 5 - spread, 5 + spread);
      values[1] = 5.3f + spread;  // terms below 1 round when they are added up
      check_elements(log_softmax_on_device(values, n), reference(values, size_t(n)));
    }
}

TEST_CASE("log_softmax takes any rank") {
  for (const Shape& shape : {Shape{13}, Shape{2, 13}, Shape{2, 1, 3, 13}, Shape{2, 1, 3, 1, 2, 13}}) {
    Graph graph;
    Tensor x = graph.input(shape);
    const std::vector<float> values = random_values(shape.elements(), 5, -3, 3);
    const Tensor y = log_softmax(x);
    REQUIRE(y.shape() == shape);
    check_elements(run(graph, {{x, values}}, y), reference(values, 13));
  }
}

TEST_CASE("log_softmax is one dispatch and takes strided views") {
  Graph graph;
  Tensor x = graph.input({5, 7});
  const std::vector<float> values = random_values(35, 6, -3, 3);
  std::vector<float> turned(35);
  for (size_t i = 0; i < 35; ++i) turned[i] = values[i % 5 * 7 + i / 5];
  check_elements(run(graph, {{x, values}}, log_softmax(transpose(x))), reference(turned, 5));
  REQUIRE(Plan(device(), graph, {log_softmax(x)}).dispatches() == 1);
}

TEST_CASE("log_softmax survives large and masked entries") {
  check_elements(log_softmax_on_device({3e38f, 3e38f, 1e38f}, 3), {-std::log(2), -std::log(2), -2e38});
  check_elements(log_softmax_on_device({-3e38f, -3e38f}, 2), {-std::log(2), -std::log(2)});
  const std::vector<float> masked = log_softmax_on_device({-kInf, 1000, 1001, -kInf, -kInf}, 5);
  check_close(masked, {-kInf, -1 - std::log1p(std::exp(-1)), -std::log1p(std::exp(-1)), -kInf, -kInf}, kRow);
  check_close(log_softmax_on_device({-kInf, 2, -kInf}, 3), {-kInf, 0, -kInf}, kExact);
  check_close(log_softmax_on_device({30000, 0, -30000}, 3), {0, -30000, -60000}, kExact);
}

TEST_CASE("log_softmax keeps NaN and infinity") {
  check_close(log_softmax_on_device({1, NAN, 2, 3, 4}, 5), std::vector<double>(5, NAN), kRow);
  check_close(log_softmax_on_device({NAN, -kInf}, 2), std::vector<double>(2, NAN), kRow);
  check_close(log_softmax_on_device({1, kInf, 2}, 3), std::vector<double>(3, NAN), kRow);
  check_close(log_softmax_on_device({-kInf, -kInf}, 2), std::vector<double>(2, NAN), kRow);
}

TEST_CASE("log_softmax has the gradient of its formula") {
  Graph graph;
  Tensor x = graph.input({4, 9});
  Tensor dy = graph.input({4, 9});
  const std::vector<float> values = random_values(36, 8, -2, 2), dy_values = random_values(36, 9);
  Tensor y = log_softmax(x);
  Tensor dx = gradients_of(y, dy).front();
  std::vector<double> want(36);
  for (size_t i = 0; i < 36; ++i) {  // central differences of the double loop
    const float step = 1.0f / 1024;
    std::vector<float> above = values, below = values;
    above[i] += step;
    below[i] -= step;
    const std::vector<double> ya = reference(above, 9), yb = reference(below, 9);
    const double moved = double(above[i]) - double(below[i]);
    for (size_t j = 0; j < 36; ++j) want[i] += double(dy_values[j]) * (ya[j] - yb[j]) / moved;
  }
  check_close(run(graph, {{x, values}, {dy, dy_values}}, dx), want, {1e-11, 4e-6});
}

TEST_CASE("log_softmax rejects what does not fit") {
  Graph graph;
  check_rejects([&] { log_softmax(graph.input({4}, DType::u32)); }, {"log_softmax", "u32", "f32"});
  check_rejects([&] { log_softmax(graph.input({})); }, {"log_softmax", "last axis", "()"});
  check_rejects([&] { log_softmax(Tensor()); }, {"log_softmax", "absent"});
}
