#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

double gelu_of(double x, Gelu kind) {
  if (kind == Gelu::erf) return x / 2 * std::erfc(-x / std::numbers::sqrt2);
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

std::vector<double> wanted(const std::vector<double>& values, Gelu kind) {
  std::vector<double> want;
  for (double value : values) want.push_back(gelu_of(value, kind));
  return want;
}

std::vector<float> gelu_on_device(const std::vector<float>& values, Gelu kind) {
  Graph graph;
  Tensor x = graph.input({int64_t(values.size())});
  return run(graph, {{x, values}}, gelu(x, kind));
}

std::vector<float> slope_on_device(const std::vector<float>& values, const std::vector<float>& slopes,
                                   Gelu kind) {
  Graph graph;
  Tensor x = graph.input({int64_t(values.size())}), dy = graph.input(x.shape());
  Tensor y = gelu(x, kind);
  Tensor dx = gradients_of(y, dy).front();
  return run(graph, {{x, values}, {dy, slopes}}, dx);
}

constexpr Gelu kKinds[] = {Gelu::erf, Gelu::tanh};

}  // namespace

TEST_CASE("gelu matches the double loop at every edge") {
  for (Gelu kind : kKinds) {
    for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1009}) {
      const std::vector<float> values = random_values(uint64_t(count), uint32_t(count), -3, 3);
      check_close(gelu_on_device(values, kind), wanted(widened(values), kind), kElementwise);
    }
  }
}

TEST_CASE("gelu is right to 1e-6 everywhere") {
  std::vector<float> values;
  for (int i = -8000; i <= 8000; ++i) values.push_back(float(i) * 0.001f);
  for (Gelu kind : kKinds) {
    const std::vector<float> got = gelu_on_device(values, kind);
    const std::vector<double> want = wanted(widened(values), kind);
    double worst = 0;
    for (size_t i = 0; i < values.size(); ++i) worst = std::max(worst, std::abs(double(got[i]) - want[i]));
    INFO("worst error " << worst);
    REQUIRE(worst <= 1e-6);
  }
}

TEST_CASE("gelu of small numbers keeps its digits") {
  const std::vector<float> values{1e-3f, -1e-3f, 1e-10f, -1e-10f, 1e-30f, -1e-30f};
  for (Gelu kind : kKinds) {
    const std::vector<float> got = gelu_on_device(values, kind);
    for (size_t i = 0; i < values.size(); ++i) {
      const double want = gelu_of(double(values[i]), kind);
      REQUIRE(std::abs(double(got[i]) - want) <= 1e-6 * std::abs(want));
    }
  }
}

TEST_CASE("gelu of large numbers does not overflow") {
  const float inf = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
  const std::vector<float> values{20, -20, 1e6f, -1e6f, 1e15f, -1e15f, 1e30f, -1e30f, most, -most, inf, NAN};
  for (Gelu kind : kKinds) {
    const std::vector<float> got = gelu_on_device(values, kind);
    for (size_t i = 0; i < values.size(); ++i) {
      INFO("gelu(" << values[i] << ") = " << got[i]);
      if (std::isnan(values[i])) {
        REQUIRE(std::isnan(got[i]));
      } else {
        REQUIRE(got[i] == std::max(values[i], 0.f));
      }
    }
  }
}

TEST_CASE("gelu reads strided views") {
  const std::vector<float> values = random_values(35, 3, -3, 3);
  Graph graph;
  Tensor x = graph.input({5, 7});
  std::vector<double> want;
  for (size_t row = 0; row < 7; ++row)
    for (size_t column = 0; column < 5; ++column)
      want.push_back(gelu_of(double(values[column * 7 + row]), Gelu::erf));
  check_close(run(graph, {{x, values}}, gelu(transpose(x))), want, kElementwise);
}

TEST_CASE("gelu has the gradient of its formula") {
  for (Gelu kind : kKinds)
    for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 127, 128, 129, 1009}) {
      const std::vector<float> values = random_values(uint64_t(count), uint32_t(count), -5, 5);
      const std::vector<float> slopes = random_values(uint64_t(count), 2);
      const auto f = [&](const Operands& inputs) { return wanted(inputs[0], kind); };
      check_close(slope_on_device(values, slopes, kind), gradient(f, {widened(values)}, slopes),
                  kElementwise);
    }
}

TEST_CASE("gelu's gradient does not overflow and hands NaN on") {
  const float inf = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
  const std::vector<float> values{15, -15, 20, -20, 1e6f, -1e6f, 1e30f, -1e30f, most, -most, inf, -inf, 0};
  std::vector<double> want;
  for (float value : values) want.push_back(value > 0 ? 2 : value < 0 ? 0 : 1);
  for (Gelu kind : kKinds) {
    check_close(slope_on_device(values, std::vector<float>(values.size(), 2), kind), want, kElementwise);
    check_close(slope_on_device({NAN, -NAN, 1, 9, 0, -inf}, {1, 0, NAN, inf, -inf, NAN}, kind),
                {NAN, NAN, NAN, inf, -inf, NAN}, kExact);
  }
}

TEST_CASE("gelu rejects ids") {
  Graph graph;
  Tensor ids = graph.input({4}, DType::u32);
  check_rejects([&] { gelu(ids); }, {"gelu", "u32", "f32"});
  check_rejects([&] { gelu(Tensor()); }, {"gelu", "absent"});
}
