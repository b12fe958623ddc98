#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <string_view>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

using Limits = std::numeric_limits<float>;
constexpr float inf = Limits::infinity(), least = Limits::denorm_min(), most = Limits::max();

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double gelu_of(double x) { return x / 2 * std::erfc(-x / std::numbers::sqrt2); }
double gelu_tanh_of(double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}
double hard_sigmoid_of(double x) { return std::isnan(x) ? x : std::clamp(x / 6 + 0.5, 0.0, 1.0); }
double hard_swish_of(double x) { return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6; }
double hard_tanh_of(double x) { return std::isnan(x) ? x : std::clamp(x, -1.0, 1.0); }
double relu_of(double x) { return x <= 0 ? 0 : x; }

struct Function {
  const char* name;
  Tensor (*op)(Tensor);
  double (*f)(double);
  float low, high;  // where it is tried
};
const Function kFunctions[] = {
    {"abs", abs, [](double x) { return std::abs(x); }, -3, 3},
    {"exp", exp, [](double x) { return std::exp(x); }, -6, 6},
    {"expm1", expm1, [](double x) { return std::expm1(x); }, -6, 6},
    {"gelu", gelu, gelu_of, -8, 8},
    {"gelu_tanh", gelu_tanh, gelu_tanh_of, -8, 8},
    {"hard_sigmoid", hard_sigmoid, hard_sigmoid_of, -6, 6},
    {"hard_swish", hard_swish, hard_swish_of, -6, 6},
    {"hard_tanh", hard_tanh, hard_tanh_of, -3, 3},
    {"log", log, [](double x) { return std::log(x); }, 0.05f, 16},
    {"quick_gelu", quick_gelu, [](double x) { return x * logistic(1.702 * x); }, -9, 9},
    {"relu", relu, relu_of, -3, 3},
    {"sigmoid", sigmoid, logistic, -2.5f, 2.5f},
    {"silu", silu, [](double x) { return x / (1 + std::exp(-x)); }, -16, 16},
    {"sqrt", sqrt, [](double x) { return std::sqrt(x); }, 0.05f, 16},
    {"square", square, [](double x) { return x * x; }, -3, 3},
    {"tanh", tanh, [](double x) { return std::tanh(x); }, -1.5f, 1.5f},
};

std::vector<double> wanted(const Function& function, const std::vector<double>& values) {
  std::vector<double> want;
  for (double value : values) want.push_back(function.f(value));
  return want;
}

std::vector<float> on_device(const Function& function, const std::vector<float>& values) {
  Graph graph;
  Tensor x = graph.input({int64_t(values.size())});
  return run(graph, {{x, values}}, function.op(x));
}

std::vector<float> gradient_on_device(const Function& function, const std::vector<float>& values,
                                      const std::vector<float>& dys) {
  Graph graph;
  Tensor x = graph.input({int64_t(values.size())}), dy = graph.input(x.shape());
  Tensor y = function.op(x);
  Tensor dx = gradients_of(y, dy).front();
  return run(graph, {{x, values}, {dy, dys}}, dx);
}

// Every element within 1e-6 of itself, or of `size` where it is less; NaN, infinities and what is below fp32
// as in fp32.
void check_digits(const Function& function, const std::vector<float>& values, double size = 0) {
  const std::vector<float> got = on_device(function, values);
  for (size_t i = 0; i < values.size(); ++i) {
    const double want = function.f(double(values[i]));
    INFO(function.name << "(" << values[i] << ") = " << got[i] << ", want " << want);
    if (std::isnan(want)) {
      REQUIRE(std::isnan(got[i]));
    } else if (std::abs(want) > double(most)) {
      REQUIRE(got[i] == (want > 0 ? inf : -inf));
    } else {
      const double allowed = 1e-6 * std::max(size, std::abs(want)) + double(Limits::min());
      REQUIRE(std::abs(double(got[i]) - want) <= allowed);
    }
  }
}

constexpr int64_t kEdges[] = {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1009};

const Function& function_named(std::string_view name) {
  return *std::ranges::find_if(kFunctions, [&](const Function& each) { return each.name == name; });
}

}  // namespace

TEST_CASE("unary functions match the double loop at every edge") {
  for (const Function& function : kFunctions)
    for (int64_t count : kEdges) {
      INFO(function.name << " of " << count);
      const std::vector<float> values =
          random_values(uint64_t(count), uint32_t(count), function.low, function.high);
      check_close(on_device(function, values), wanted(function, widened(values)), kElementwise);
    }
}

TEST_CASE("unary functions are right to 1e-6 everywhere") {
  for (const Function& function : kFunctions) {
    INFO(function.name);
    std::vector<float> values;
    for (int i = 0; i <= 16000; ++i)
      values.push_back(function.low + (function.high - function.low) * float(i) / 16000);
    check_elements(on_device(function, values), wanted(function, widened(values)));
  }
}

TEST_CASE("unary functions of small numbers keep their digits") {
  for (const Function& function : kFunctions)
    check_digits(function, {1e-3f, -1e-3f, 1e-10f, -1e-10f, 1e-30f, -1e-30f, 0.3f, -0.3f, 0.99f, 1.01f});
}

TEST_CASE("unary functions at the ends of the number line") {
  for (const Function& function : kFunctions)
    check_digits(function, {NAN, -NAN, inf, -inf, 0,    -0.f,  most,  -most,  1,     -1,
                            3,   -3,   20,  -20,  88,   -88,   88.7f, 88.8f,  89,    -89,
                            103, -103, 105, -105, 1e6f, -1e6f, 1e15f, -1e15f, 1e30f, -1e30f},
                 1);
}

TEST_CASE("relu keeps tiny numbers and makes no negative zero") {
  const std::vector<float> y = on_device(function_named("relu"), {0, -0.f, least, -least, -1, -inf});
  check_close(y, {0, 0, least, 0, 0, 0}, kExact);
  for (float value : y) REQUIRE(!std::signbit(value));
}

TEST_CASE("relu is exact, and gelu and silu are the number itself where it is large") {
  for (const char* name : {"relu", "gelu", "gelu_tanh", "silu", "quick_gelu", "hard_swish"}) {
    INFO(name);
    const std::vector<float> values{20, 88, 103, 1e6f, 1e15f, 1e30f, most, inf};
    check_close(on_device(function_named(name), values), widened(values), kExact);
  }
  const std::vector<float> values = random_values(1009, 1);
  check_close(on_device(function_named("relu"), values), wanted(function_named("relu"), widened(values)),
              kExact);
}

TEST_CASE("silu keeps the sign of its operand and falls to nothing") {
  const std::vector<float> values{-20, -88, -89, -103, -105, -1e6f, -1e15f, -1e30f, -most, 0, -0.f, 20, most};
  const Function& function = function_named("silu");
  const std::vector<float> got = on_device(function, values);
  for (size_t i = 0; i < values.size(); ++i) {
    REQUIRE(std::signbit(got[i]) == std::signbit(values[i]));
    if (values[i] <= -20) REQUIRE(std::abs(double(got[i]) - function.f(double(values[i]))) <= 1e-13);
  }
}

TEST_CASE("unary functions read strided views") {
  for (const Function& function : kFunctions) {
    INFO(function.name);
    const std::vector<float> values = random_values(35, 3, function.low, function.high);
    Graph graph;
    Tensor x = graph.input({5, 7});
    std::vector<double> want;
    for (size_t row = 0; row < 7; ++row)
      for (size_t column = 0; column < 5; ++column)
        want.push_back(function.f(double(values[column * 7 + row])));
    check_close(run(graph, {{x, values}}, function.op(transpose(x))), want, kElementwise);
  }
}

TEST_CASE("unary functions have the gradients of their formulas") {
  for (const Function& function : kFunctions)
    for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 127, 128, 129, 1009}) {
      INFO(function.name << " of " << count);
      std::vector<float> values =
          random_values(uint64_t(count), uint32_t(count), function.low, function.high);
      for (float& value : values)
        for (float corner : {-3.f, -1.f, 0.f, 1.f, 3.f})  // of one or another of them
          if (std::abs(value - corner) < 1e-3f) value = corner + 2e-3f;
      const std::vector<float> dys = random_values(uint64_t(count), 2);
      const auto f = [&](const Operands& inputs) { return wanted(function, inputs[0]); };
      check_close(gradient_on_device(function, values, dys), gradient(f, {widened(values)}, dys), kRow);
    }
}

TEST_CASE("unary gradients hand NaN on") {
  for (const Function& function : kFunctions) {
    INFO(function.name);
    check_close(gradient_on_device(function, {NAN, -NAN, NAN, 0.5f, 2, 9}, {1, 0, inf, NAN, -NAN, NAN}),
                {NAN, NAN, NAN, NAN, NAN, NAN}, kExact);
  }
}

TEST_CASE("gradients of ramps are those of relu far from zero") {
  std::vector<float> values{40, -40, 88, -88, 103, -103, 1e6f, -1e6f, 1e30f, -1e30f, most, -most, inf, -inf};
  for (const char* name : {"relu", "gelu", "gelu_tanh", "silu", "quick_gelu", "hard_swish"}) {
    INFO(name);
    std::vector<double> want;
    for (float value : values) want.push_back(value > 0 ? 2 : 0);
    const Function& function = function_named(name);
    check_close(gradient_on_device(function, values, std::vector<float>(values.size(), 2)), want,
                kElementwise);
  }
  for (const char* name : {"gelu", "gelu_tanh", "silu", "quick_gelu"})
    check_close(gradient_on_device(function_named(name), {9, 0, 15, -15, 20, -20}, {inf, -inf, 0, 0, 0, 0}),
                {inf, -inf, 0, 0, 0, 0}, kExact);
}

TEST_CASE("gradients of functions that level off are zero far from zero") {
  const std::vector<float> values{104, -104, 1e6f, -1e6f, most, -most, inf, -inf};
  for (const char* name : {"sigmoid", "hard_sigmoid", "hard_tanh"}) {
    INFO(name);
    check_close(gradient_on_device(function_named(name), values, std::vector<float>(values.size(), 2)),
                std::vector<double>(values.size(), 0), kElementwise);
  }
}

TEST_CASE("relu passes gradients through positive numbers only, and NaN always") {
  const std::vector<float> values{inf, -inf, 0, -0.f, least, -least, NAN, -NAN, 1, -1, 1, -1};
  const std::vector<float> dys{2, 2, 2, -inf, -2, NAN, 2, 2, inf, -2, 2, NAN};
  check_close(gradient_on_device(function_named("relu"), values, dys),
              {2, 0, 0, 0, -2, NAN, NAN, NAN, inf, 0, 2, NAN}, kExact);
}

TEST_CASE("unary gradients read strided gradients") {
  Graph graph;
  Tensor x = graph.input({2, 6}), dy = graph.input({6, 2});
  Tensor dx = gradients_of(relu(x), transpose(dy)).front();
  const std::vector<float> values{1, -1, 1, -1, 1, 1, 1, 1, -1, -1, 1, 1};
  const std::vector<float> dys{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  check_close(run(graph, {{x, values}, {dy, dys}}, dx), {1, 0, 5, 0, 9, 11, 2, 4, 0, 0, 10, 12}, kExact);
}

TEST_CASE("activations fold into a product; those with a gradient of y while training, too") {
  struct Case {
    const char* name;
    size_t training;  // dispatches: pack, matmul, the gradient, and the function where its x is needed
  };
  for (const Case each : {Case{"relu", 3}, Case{"sigmoid", 3}, Case{"gelu", 4}, Case{"gelu_tanh", 4},
                          Case{"silu", 4}, Case{"quick_gelu", 4}}) {
    INFO(each.name);
    Graph graph;
    Tensor a = graph.input({5, 3}), b = graph.input({3, 7}), dy = graph.input({5, 7});
    Tensor y = function_named(each.name).op(matmul(a, b));
    REQUIRE(Plan(device(), graph, {y}).dispatches() == 2);
    Tensor dx = gradients_of(y, dy).front();
    REQUIRE(Plan(device(), graph, {y, dx}).dispatches() == each.training);
  }
}

TEST_CASE("unary functions reject ids and panels") {
  for (const Function& function : kFunctions) {
    Graph graph;
    Tensor ids = graph.input({4}, DType::u32), matrix = graph.input({4, 3});
    check_rejects([&] { function.op(ids); }, {function.name, "u32", "f32"});
    check_rejects([&] { function.op(pack(matrix)); }, {function.name, "panels"});
    check_rejects([&] { function.op(Tensor()); }, {function.name, "absent"});
  }
}
