#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/array.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// mul(a, b) against the loop over all indices of the common shape.
void check_mul(const Shape& a_shape, const Shape& b_shape, const Shape& shape) {
  INFO("mul of " << to_string(a_shape) << " and " << to_string(b_shape));
  const std::vector<float> a_values = random_values(a_shape.elements(), 1);
  const std::vector<float> b_values = random_values(b_shape.elements(), 2);
  Graph graph;
  Tensor a = graph.input(a_shape), b = graph.input(b_shape);
  Tensor y = mul(a, b);
  REQUIRE(y.shape() == shape);
  const Array<double> left = as_array(a_shape, a_values).expanded(shape);
  const Array<double> right = as_array(b_shape, b_values).expanded(shape);
  std::vector<double> want;
  for (size_t i = 0; i < left.values.size(); ++i) want.push_back(left.values[i] * right.values[i]);
  check_close(run(graph, {{a, a_values}, {b, b_values}}, y), want, kElementwise);
}

}  // namespace

TEST_CASE("mul matches the double loop at every edge") {
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 1009})
    check_mul({count}, {count}, {count});
  check_mul({}, {}, {});
  check_mul({2, 3, 1, 5, 2, 3}, {2, 3, 1, 5, 2, 3}, {2, 3, 1, 5, 2, 3});
}

TEST_CASE("mul broadcasts either operand") {
  struct Case {
    Shape a, b, shape;
  };
  const std::vector<Case> cases = {
      {{7, 13}, {13}, {7, 13}},                            // along the leading axes b lacks
      {{3, 7, 13}, {7, 13}, {3, 7, 13}},                   //
      {{3, 7, 13}, {1, 7, 13}, {3, 7, 13}},                //
      {{7, 13}, {}, {7, 13}},                              // one number
      {{7, 13}, {1, 1}, {7, 13}},                          //
      {{7, 13}, {7, 1}, {7, 13}},                          // a column
      {{2, 5, 3, 4}, {5, 1, 1}, {2, 5, 3, 4}},             // a number a channel
      {{2, 5, 3, 4}, {1, 5, 3, 1}, {2, 5, 3, 4}},          //
      {{2, 5, 3, 4}, {2, 1, 3, 4}, {2, 5, 3, 4}},          // in the middle: no single repetition
      {{2, 5, 3, 4}, {2, 1, 3, 1}, {2, 5, 3, 4}},          //
      {{13}, {7, 13}, {7, 13}},                            // a is the smaller one
      {{1}, {5}, {5}},                                     //
      {{5, 1}, {1, 7}, {5, 7}},                            // both
      {{4, 1, 3}, {5, 1}, {4, 5, 3}},                      //
      {{2, 1, 3, 1, 2, 1}, {1, 3, 1, 2, 1, 5}, {2, 3, 3, 2, 2, 5}},
      {{2, 1, 3}, {2, 1, 3}, {2, 1, 3}},                   //
  };
  for (const Case& c : cases) check_mul(c.a, c.b, c.shape);
}

TEST_CASE("mul reads strided views") {
  const std::vector<float> a_values = random_values(35, 3), b_values = random_values(30, 4);
  Graph graph;
  Tensor a = graph.input({5, 7}), b = graph.input({6, 5});
  Tensor y = mul(transpose(a), slice(b, 0, 4, 1));  // (7, 5) and (1, 5)
  const Array<double> left = as_array(a.shape(), a_values).permuted({1, 0});
  const Array<double> right = as_array(b.shape(), b_values).sliced(0, 4, 1).expanded({7, 5});
  std::vector<double> want;
  for (size_t i = 0; i < left.values.size(); ++i) want.push_back(left.values[i] * right.values[i]);
  check_close(run(graph, {{a, a_values}, {b, b_values}}, y), want, kElementwise);
}

TEST_CASE("mul of a tensor and itself") {
  Graph graph;
  Tensor x = graph.input({3});
  const std::vector<float> values{1, -2, 0.5f};
  check_close(run(graph, {{x, values}}, mul(x, x)), {1. * 1., -2. * -2., .5 * .5}, kExact);
}

TEST_CASE("mul keeps NaN and infinity") {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> a_values{NAN, 1, inf, -inf, inf, 0}, b_values{1, NAN, 1, 1, -inf, inf};
  Graph graph;
  Tensor a = graph.input({6}), b = graph.input({6});
  std::vector<double> want;
  for (size_t i = 0; i < 6; ++i) want.push_back(double(a_values[i]) * double(b_values[i]));
  check_close(run(graph, {{a, a_values}, {b, b_values}}, mul(a, b)), want, kExact);
}

TEST_CASE("mul hands its gradient back to both operands") {
  struct Case {
    Shape a, b;
  };
  const std::vector<Case> cases = {{{5, 3}, {5, 3}}, {{2, 5, 3}, {3}}, {{2, 5, 3}, {5, 1}}, {{2, 5, 3}, {}}};
  for (const Case& c : cases) {
    INFO("gradients of mul of " << to_string(c.a) << " and " << to_string(c.b));
    const std::vector<float> a_values = random_values(c.a.elements(), 1);
    const std::vector<float> b_values = random_values(c.b.elements(), 2);
    const std::vector<float> dy_values = random_values(c.a.elements(), 3);
    Graph graph;
    Tensor a = graph.input(c.a), b = graph.input(c.b), dy = graph.input(c.a);
    Tensor y = mul(a, b);
    const std::vector<Tensor> gradients = gradients_of(y, dy);
    REQUIRE(gradients[0].shape() == c.a);
    REQUIRE(gradients[1].shape() == c.b);

    std::vector<double> da, db(c.b.elements(), 0);
    const int missing = c.a.rank() - c.b.rank();
    for (uint64_t i = 0; i < c.a.elements(); ++i) {
      const Index at = index_of(c.a, i);
      Index in_b(at.begin() + missing, at.end());
      for (int axis = 0; axis < c.b.rank(); ++axis) in_b[size_t(axis)] %= c.b[axis];
      const uint64_t j = position_of(c.b, in_b);
      da.push_back(double(dy_values[i]) * double(b_values[j]));
      db[j] += double(dy_values[i]) * double(a_values[i]);
    }
    const std::vector<Input> inputs = {{a, a_values}, {b, b_values}, {dy, dy_values}};
    const std::vector<Values> got = run_all(graph, inputs, gradients);
    check_close(std::get<std::vector<float>>(got[0]), da, kElementwise);
    check_close(std::get<std::vector<float>>(got[1]), db, kRow);
  }
}

TEST_CASE("mul rejects what does not broadcast") {
  Graph graph;
  Tensor a = graph.input({4, 3}), b = graph.input({4}), ids = graph.input({4, 3}, DType::u32);
  check_rejects([&] { mul(a, b); }, {"mul", "(4, 3)", "(4)"});
  check_rejects([&] { mul(a, ids); }, {"mul", "u32", "f32"});
  check_rejects([&] { mul(ids, a); }, {"mul", "u32", "f32"});
  check_rejects([&] { mul(a, Tensor()); }, {"mul", "absent"});
  check_rejects([&] { mul(a, pack(a)); }, {"mul", "panels"});
  Graph other;
  Tensor foreign = other.input({4, 3});
  check_rejects([&] { mul(a, foreign); }, {"mul", "different graphs"});
}
