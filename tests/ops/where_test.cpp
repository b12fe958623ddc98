#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/array.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<double> wanted(const Array<double>& condition, const Array<double>& a, const Array<double>& b,
                           const Shape& shape) {
  const Array<double> c = condition.expanded(shape), left = a.expanded(shape), right = b.expanded(shape);
  std::vector<double> want;
  for (size_t i = 0; i < c.values.size(); ++i)
    want.push_back(c.values[i] != 0 ? left.values[i] : right.values[i]);
  return want;
}

std::vector<float> zeros_and_ones(uint64_t count) {
  std::vector<float> values;
  for (uint32_t id : random_ids(count, 5, 2)) values.push_back(float(id));
  return values;
}

struct Case {
  Shape condition, a, b, shape;
};

// Values, and the gradients of a and b.
void check(const Case& c) {
  INFO(to_string(c.condition) << " ? " << to_string(c.a) << " : " << to_string(c.b));
  const std::vector<float> choices = zeros_and_ones(c.condition.elements());
  const std::vector<float> a_values = random_values(c.a.elements(), 1);
  const std::vector<float> b_values = random_values(c.b.elements(), 2);
  const std::vector<float> dys = random_values(c.shape.elements(), 3);
  Graph graph;
  Tensor condition = graph.input(c.condition), a = graph.input(c.a), b = graph.input(c.b);
  Tensor dy = graph.input(c.shape);
  Tensor y = where(condition, a, b);
  REQUIRE(y.shape() == c.shape);
  const std::vector<Tensor> made = graph.grad(y, {a, b}, dy);
  const std::vector<Input> inputs = {{condition, choices}, {a, a_values}, {b, b_values}, {dy, dys}};
  const std::vector<Values> got = run_all(graph, inputs, {y, made[0], made[1]});

  const Array<double> chosen = as_array(c.condition, choices);
  const auto f = [&](const Operands& operands) {
    return wanted(chosen, {c.a, operands[0]}, {c.b, operands[1]}, c.shape);
  };
  const Operands operands = {widened(a_values), widened(b_values)};
  check_close(std::get<std::vector<float>>(got[0]), f(operands), kExact);
  check_close(std::get<std::vector<float>>(got[1]), gradient(f, operands, dys, 0), kRow);
  check_close(std::get<std::vector<float>>(got[2]), gradient(f, operands, dys, 1), kRow);
}

}  // namespace

TEST_CASE("where matches the double loop at every edge, its gradients too") {
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 127, 128, 129, 257})
    check({{count}, {count}, {count}, {count}});
  check({{}, {}, {}, {}});
}

TEST_CASE("where broadcasts all three") {
  check({{7, 13}, {}, {13}, {7, 13}});
  check({{7, 1}, {7, 13}, {13}, {7, 13}});
  check({{}, {5, 1}, {1, 7}, {5, 7}});
  check({{13}, {3, 1, 1}, {2, 1}, {3, 2, 13}});
  check({{2, 1, 3}, {2, 5, 3}, {1}, {2, 5, 3}});
}

TEST_CASE("where takes a for whatever is not 0 and keeps the other's NaN out") {
  using Limits = std::numeric_limits<float>;
  const float inf = Limits::infinity(), least = Limits::denorm_min();
  Graph graph;
  Tensor condition = graph.input({8}), a = graph.input({8}), b = graph.input({8});
  const std::vector<float> choices{0, -0.f, least, -1, NAN, inf, 0, 1};
  const std::vector<float> a_values{NAN, inf, 1, 2, 3, 4, 5, NAN}, b_values{6, 7, NAN, inf, NAN, NAN, NAN, 8};
  const std::vector<Input> inputs = {{condition, choices}, {a, a_values}, {b, b_values}};
  check_close(run(graph, inputs, where(condition, a, b)), {6, 7, 1, 2, 3, 4, NAN, NAN}, kExact);
}

TEST_CASE("where reads strided views") {
  const std::vector<float> choices = zeros_and_ones(35);
  const std::vector<float> a_values = random_values(35, 1), b_values = random_values(12, 2);
  Graph graph;
  Tensor condition = graph.input({5, 7}), a = graph.input({7, 5}), b = graph.input({4, 3});
  const std::vector<Input> inputs = {{condition, choices}, {a, a_values}, {b, b_values}};
  check_close(run(graph, inputs, where(condition, transpose(a), slice(slice(b, 0, 2, 1), 1, 1, 1))),
              wanted(as_array({5, 7}, choices), as_array({7, 5}, a_values).permuted({1, 0}),
                     as_array({4, 3}, b_values).sliced(0, 2, 1).sliced(1, 1, 1), {5, 7}),
              kExact);
}

TEST_CASE("where of a comparison has the gradients of both branches") {
  Graph graph;
  Tensor x = graph.input({4}), dy = graph.input({4});
  Tensor y = where(less(x, fill(graph, {}, 0)), scale(x, 3), x);
  const std::vector<Input> inputs = {{x, std::vector<float>{-1, 1, -2, 2}},
                                     {dy, std::vector<float>{1, 2, 3, 4}}};
  check_close(run(graph, inputs, graph.grad(y, {x}, dy)[0]), {3, 2, 9, 4}, kExact);
}

TEST_CASE("where rejects what does not broadcast") {
  Graph graph;
  Tensor a = graph.input({4, 3}), b = graph.input({4}), ids = graph.input({4, 3}, DType::u32);
  check_rejects([&] { where(a, a, b); }, {"where", "(4, 3)", "(4)"});
  check_rejects([&] { where(b, a, a); }, {"where", "(4, 3)", "(4)"});
  check_rejects([&] { where(ids, a, a); }, {"where", "u32", "f32"});
  check_rejects([&] { where(a, ids, a); }, {"where", "u32", "f32"});
  check_rejects([&] { where(a, a, pack(a)); }, {"where", "panels"});
  check_rejects([&] { where(Tensor(), a, a); }, {"where", "absent"});
  check_rejects([&] { where(a, a, Tensor()); }, {"where", "absent"});
}
