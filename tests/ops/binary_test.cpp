#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/array.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

struct Function {
  const char* name;
  Tensor (*op)(Tensor, Tensor);
  double (*f)(double, double);
  bool has_gradient;
};
double keep_nan(double a, double b, double y) { return std::isnan(a) ? a : std::isnan(b) ? b : y; }
const Function kFunctions[] = {
    {"add", add, [](double a, double b) { return a + b; }, true},
    {"sub", sub, [](double a, double b) { return a - b; }, true},
    {"mul", mul, [](double a, double b) { return a * b; }, true},
    {"div", div, [](double a, double b) { return a / b; }, true},
    {"maximum", maximum, [](double a, double b) { return keep_nan(a, b, a > b ? a : b); }, true},
    {"minimum", minimum, [](double a, double b) { return keep_nan(a, b, a < b ? a : b); }, true},
    {"less", less, [](double a, double b) { return double(a < b); }, false},
    {"less_equal", less_equal, [](double a, double b) { return double(a <= b); }, false},
    {"greater", greater, [](double a, double b) { return double(a > b); }, false},
    {"greater_equal", greater_equal, [](double a, double b) { return double(a >= b); }, false},
    {"equal", equal, [](double a, double b) { return double(a == b); }, false},
    {"not_equal", not_equal, [](double a, double b) { return double(a != b); }, false},
};

// f over all indices of the common shape.
std::vector<double> wanted(const Function& function, const Array<double>& a, const Array<double>& b,
                           const Shape& shape) {
  const Array<double> left = a.expanded(shape), right = b.expanded(shape);
  std::vector<double> want;
  for (size_t i = 0; i < left.values.size(); ++i) want.push_back(function.f(left.values[i], right.values[i]));
  return want;
}

// Quarters, so that equal ones meet; b is never 0.
std::vector<float> quarters(uint64_t count, uint32_t seed, bool with_zero) {
  std::vector<float> values;
  for (uint32_t id : random_ids(count, seed, 8)) values.push_back((float(id) - (with_zero ? 4 : 3.5f)) / 4);
  return values;
}

void check(const Function& function, const Shape& a_shape, const Shape& b_shape, const Shape& shape) {
  INFO(function.name << " of " << to_string(a_shape) << " and " << to_string(b_shape));
  std::vector<float> a_values = random_values(a_shape.elements(), 1);
  std::vector<float> b_values = random_values(b_shape.elements(), 2, 0.25f, 1);
  if (!function.has_gradient) {
    a_values = quarters(a_shape.elements(), 1, true);
    b_values = quarters(b_shape.elements(), 2, true);
  }
  Graph graph;
  Tensor a = graph.input(a_shape), b = graph.input(b_shape);
  Tensor y = function.op(a, b);
  REQUIRE(y.shape() == shape);
  check_close(run(graph, {{a, a_values}, {b, b_values}}, y),
              wanted(function, as_array(a_shape, a_values), as_array(b_shape, b_values), shape),
              kElementwise);
}

struct Case {
  Shape a, b, shape;
};
const Case kBroadcasts[] = {
    {{7, 13}, {13}, {7, 13}},                    // along the leading axes b lacks
    {{3, 7, 13}, {7, 13}, {3, 7, 13}},           //
    {{3, 7, 13}, {1, 7, 13}, {3, 7, 13}},        //
    {{7, 13}, {}, {7, 13}},                      // one number
    {{7, 13}, {1, 1}, {7, 13}},                  //
    {{7, 13}, {7, 1}, {7, 13}},                  // a column
    {{2, 5, 3, 4}, {5, 1, 1}, {2, 5, 3, 4}},     // a number a channel
    {{2, 5, 3, 4}, {1, 5, 3, 1}, {2, 5, 3, 4}},  //
    {{2, 5, 3, 4}, {2, 1, 3, 4}, {2, 5, 3, 4}},  // in the middle: no single repetition
    {{2, 5, 3, 4}, {2, 1, 3, 1}, {2, 5, 3, 4}},  //
    {{13}, {7, 13}, {7, 13}},                    // a is the smaller one
    {{2, 1, 3, 4}, {2, 5, 3, 4}, {2, 5, 3, 4}},  //
    {{1}, {5}, {5}},                             //
    {{5, 1}, {1, 7}, {5, 7}},                    // both
    {{4, 1, 3}, {5, 1}, {4, 5, 3}},              //
    {{2, 1, 3, 1, 2, 1}, {1, 3, 1, 2, 1, 5}, {2, 3, 3, 2, 2, 5}},
    {{2, 1, 3}, {2, 1, 3}, {2, 1, 3}},  //
};

}  // namespace

TEST_CASE("binary functions match the double loop at every edge") {
  for (const Function& function : kFunctions) {
    for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1009})
      check(function, {count}, {count}, {count});
    check(function, {}, {}, {});
    check(function, {2, 3, 1, 5, 2, 3}, {2, 3, 1, 5, 2, 3}, {2, 3, 1, 5, 2, 3});
  }
}

TEST_CASE("binary functions broadcast either operand") {
  for (const Function& function : kFunctions)
    for (const Case& c : kBroadcasts) check(function, c.a, c.b, c.shape);
}

TEST_CASE("add of a row, a bias, at every edge") {
  const Function& sum = kFunctions[0];
  for (int64_t columns : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 101})
    check(sum, {3, columns}, {columns}, {3, columns});
  check(sum, {11}, {11}, {11});
  check(sum, {2, 1, 3, 2, 2, 5}, {5}, {2, 1, 3, 2, 2, 5});
}

TEST_CASE("binary functions read strided views") {
  const std::vector<float> a_values = random_values(35, 3), b_values = random_values(30, 4, 0.25f, 1);
  for (const Function& function : kFunctions) {
    INFO(function.name);
    Graph graph;
    Tensor a = graph.input({5, 7}), b = graph.input({6, 5});
    const std::vector<Input> inputs = {{a, a_values}, {b, b_values}};
    const Array<double> left = as_array(a.shape(), a_values).permuted({1, 0});
    const Array<double> row = as_array(b.shape(), b_values).sliced(0, 4, 1);  // (1, 5)
    check_close(run(graph, inputs, function.op(transpose(a), slice(b, 0, 4, 1))),
                wanted(function, left, row, {7, 5}), kElementwise);
    const Array<double> column = as_array(b.shape(), b_values).sliced(1, 2, 1).sliced(0, 0, 5);  // (5, 1)
    check_close(
        run(graph, inputs, function.op(transpose(a), reshape(slice(slice(b, 1, 2, 1), 0, 0, 5), {5}))),
        wanted(function, left, column.reshaped({5}), {7, 5}), kElementwise);
  }
}

TEST_CASE("binary functions of a tensor and itself") {
  const std::vector<float> values{1, -2, 0.5f};
  for (const Function& function : kFunctions) {
    INFO(function.name);
    Graph graph;
    Tensor x = graph.input({3});
    const Array<double> both = as_array({3}, values);
    check_close(run(graph, {{x, values}}, function.op(x, x)), wanted(function, both, both, {3}), kExact);
  }
}

TEST_CASE("binary functions keep NaN and infinity; comparisons with NaN are false") {
  const std::vector<float> a_values{NAN, 1, inf, -inf, inf, 0, NAN, -inf, inf, 2, -1, 1, inf};
  const std::vector<float> b_values{1, NAN, 1, 1, -inf, inf, NAN, -inf, inf, -inf, 0, 0, 0};
  const Shape shape{13};
  for (const Function& function : kFunctions) {
    INFO(function.name);
    Graph graph;
    Tensor a = graph.input(shape), b = graph.input(shape);
    check_close(run(graph, {{a, a_values}, {b, b_values}}, function.op(a, b)),
                wanted(function, as_array(shape, a_values), as_array(shape, b_values), shape), kExact);
  }
}

TEST_CASE("binary functions have the gradients of their formulas") {
  for (const Function& function : kFunctions) {
    if (!function.has_gradient) continue;
    for (const Case& c : kBroadcasts) {
      if (c.shape.elements() > 120) continue;
      INFO("gradients of " << function.name << " of " << to_string(c.a) << " and " << to_string(c.b));
      const std::vector<float> a_values = random_values(c.a.elements(), 1);
      const std::vector<float> b_values = random_values(c.b.elements(), 2, 0.25f, 1);
      const std::vector<float> dys = random_values(c.shape.elements(), 3);
      Graph graph;
      Tensor a = graph.input(c.a), b = graph.input(c.b), dy = graph.input(c.shape);
      const std::vector<Tensor> made = graph.grad(function.op(a, b), {a, b}, dy);
      REQUIRE(made[0].shape() == c.a);
      REQUIRE(made[1].shape() == c.b);
      const std::vector<Input> inputs = {{a, a_values}, {b, b_values}, {dy, dys}};
      const std::vector<Values> got = run_all(graph, inputs, made);
      const auto f = [&](const Operands& operands) {
        return wanted(function, {c.a, operands[0]}, {c.b, operands[1]}, c.shape);
      };
      const Operands operands = {widened(a_values), widened(b_values)};
      check_close(std::get<std::vector<float>>(got[0]), gradient(f, operands, dys, 0), kProduct);
      check_close(std::get<std::vector<float>>(got[1]), gradient(f, operands, dys, 1), kProduct);
    }
  }
}

TEST_CASE("add hands the gradient itself back where nothing repeats") {
  Graph graph;
  Tensor x = graph.input({2, 3, 5}), b = graph.input({5}), dy = graph.input({2, 3, 5});
  const std::vector<Tensor> gradients = gradients_of(add(x, b), dy);
  REQUIRE(gradients[0].id == dy.id);
  REQUIRE(gradients[1].shape() == b.shape());
}

TEST_CASE("maximum and minimum share the gradient of equals, and hand NaN on") {
  Graph graph;
  Tensor a = graph.input({4}), b = graph.input({4}), dy = graph.input({4});
  const std::vector<Input> inputs = {{a, std::vector<float>{1, 2, 3, NAN}},
                                     {b, std::vector<float>{2, 2, 2, 2}},
                                     {dy, std::vector<float>{2, 4, 8, 16}}};
  const auto check_both = [&](Tensor y, const std::vector<double>& da, const std::vector<double>& db) {
    const std::vector<Tensor> made = gradients_of(y, dy);
    check_close(run(graph, inputs, made[0]), da, kExact);
    check_close(run(graph, inputs, made[1]), db, kExact);
  };
  check_both(maximum(a, b), {0, 2, 8, NAN}, {2, 2, 0, NAN});
  check_both(minimum(a, b), {2, 2, 0, NAN}, {0, 2, 8, NAN});
}

TEST_CASE("comparisons have no gradient") {
  Graph graph;
  Tensor a = graph.input({3}), dy = graph.input({3});
  check_rejects([&] { graph.grad(less(a, a), {a}, dy); }, {"less"});
}

TEST_CASE("binary functions reject what does not broadcast") {
  for (const Function& function : kFunctions) {
    const std::string name = function.name;
    Graph graph;
    Tensor a = graph.input({4, 3}), b = graph.input({4}), ids = graph.input({4, 3}, DType::u32);
    check_rejects([&] { function.op(a, b); }, {name, "(4, 3)", "(4)"});
    check_rejects([&] { function.op(b, a); }, {name, "(4, 3)", "(4)"});
    check_rejects([&] { function.op(a, ids); }, {name, "u32", "f32"});
    check_rejects([&] { function.op(ids, a); }, {name, "u32", "f32"});
    check_rejects([&] { function.op(a, Tensor()); }, {name, "absent"});
    check_rejects([&] { function.op(Tensor(), a); }, {name, "absent"});
    check_rejects([&] { function.op(a, pack(a)); }, {name, "panels"});
    Graph other;
    Tensor foreign = other.input({4, 3});
    check_rejects([&] { function.op(a, foreign); }, {name, "different graphs"});
  }
}
