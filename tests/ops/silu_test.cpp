#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

double silu_of(double x) { return x / (1 + std::exp(-x)); }

std::vector<double> wanted(const std::vector<double>& values) {
  std::vector<double> want;
  for (double value : values) want.push_back(silu_of(value));
  return want;
}

std::vector<float> silu_on_device(const std::vector<float>& values) {
  Graph graph;
  Tensor x = graph.input({int64_t(values.size())});
  return run(graph, {{x, values}}, silu(x));
}

std::vector<float> slope_on_device(const std::vector<float>& values, const std::vector<float>& slopes) {
  Graph graph;
  Tensor x = graph.input({int64_t(values.size())}), dy = graph.input(x.shape());
  Tensor y = silu(x);
  Tensor dx = gradients_of(y, dy).front();
  return run(graph, {{x, values}, {dy, slopes}}, dx);
}

}  // namespace

TEST_CASE("silu matches the double loop at every edge") {
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1009}) {
    const std::vector<float> values = random_values(uint64_t(count), uint32_t(count), -6, 6);
    check_close(silu_on_device(values), wanted(widened(values)), kElementwise);
  }
}

TEST_CASE("silu is right to 1e-6 everywhere") {
  std::vector<float> values;
  for (int i = -16000; i <= 16000; ++i) values.push_back(float(i) * 0.001f);
  const std::vector<float> got = silu_on_device(values);
  const std::vector<double> want = wanted(widened(values));
  double worst = 0;
  for (size_t i = 0; i < values.size(); ++i)
    worst = std::max(worst, std::abs(double(got[i]) - want[i]) / std::max(1.0, std::abs(want[i])));
  INFO("worst error " << worst);
  REQUIRE(worst <= 1e-6);
}

TEST_CASE("silu of small numbers keeps its digits") {
  const std::vector<float> values{1e-3f, -1e-3f, 1e-10f, -1e-10f, 1e-30f, -1e-30f};
  const std::vector<float> got = silu_on_device(values);
  for (size_t i = 0; i < values.size(); ++i) {
    const double want = silu_of(double(values[i]));
    REQUIRE(std::abs(double(got[i]) - want) <= 1e-6 * std::abs(want));
  }
}

TEST_CASE("silu of large numbers does not overflow") {
  const float inf = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
  const std::vector<float> values{20,    -20,   88,     -88,   89,     -89,  103,   -103, 105, -105, 1e6f,
                                  -1e6f, 1e15f, -1e15f, 1e30f, -1e30f, most, -most, inf,  0,   -0.f};
  const std::vector<float> got = silu_on_device(values);
  for (size_t i = 0; i < values.size(); ++i) {
    INFO("silu(" << values[i] << ") = " << got[i]);
    REQUIRE(std::signbit(got[i]) == std::signbit(values[i]));
    if (values[i] >= 20) {
      REQUIRE(got[i] == values[i]);
    } else {
      REQUIRE(std::abs(double(got[i]) - silu_of(double(values[i]))) <= 1e-13);
    }
  }
}

TEST_CASE("silu of NaN and -infinity is NaN") {
  const float inf = std::numeric_limits<float>::infinity();
  check_close(silu_on_device({NAN, -NAN, -inf, 1e-3f * 0}), {NAN, NAN, NAN, 0}, kExact);
}

TEST_CASE("silu reads strided views") {
  const std::vector<float> values = random_values(35, 3, -3, 3);
  Graph graph;
  Tensor x = graph.input({5, 7});
  std::vector<double> want;
  for (size_t row = 0; row < 7; ++row)
    for (size_t column = 0; column < 5; ++column) want.push_back(silu_of(double(values[column * 7 + row])));
  check_close(run(graph, {{x, values}}, silu(transpose(x))), want, kElementwise);
}

TEST_CASE("silu has the gradient of its formula") {
  const auto f = [](const Operands& inputs) { return wanted(inputs[0]); };
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 127, 128, 129, 1009}) {
    const std::vector<float> values = random_values(uint64_t(count), uint32_t(count), -9, 9);
    const std::vector<float> slopes = random_values(uint64_t(count), 2);
    check_close(slope_on_device(values, slopes), gradient(f, {widened(values)}, slopes), kElementwise);
  }
}

TEST_CASE("silu's gradient does not overflow and hands NaN on") {
  const float inf = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
  const std::vector<float> values{40, -40, 88, -88, 103, -103, 1e6f, -1e6f, 1e30f, most, -most, inf, -inf, 0};
  std::vector<double> want;
  for (float value : values) want.push_back(value > 0 ? 2 : value < 0 ? 0 : 1);
  check_close(slope_on_device(values, std::vector<float>(values.size(), 2)), want, kElementwise);
  check_close(slope_on_device({NAN, -NAN, 1, 9, 0, -9}, {1, 0, NAN, inf, -inf, NAN}),
              {NAN, NAN, NAN, inf, -inf, NAN}, kExact);
}

TEST_CASE("silu rejects ids") {
  Graph graph;
  Tensor ids = graph.input({4}, DType::u32);
  check_rejects([&] { silu(ids); }, {"silu", "u32", "f32"});
  check_rejects([&] { silu(Tensor()); }, {"silu", "absent"});
}
