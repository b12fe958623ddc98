#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<double> reference(const std::vector<double>& x, const Shape& shape, int axis) {
  const int64_t extent = shape[axis];
  int64_t inner = 1;
  for (int a = axis + 1; a < shape.rank(); ++a) inner *= shape[a];
  std::vector<double> y(x.size() / size_t(extent), -1e300);
  for (int64_t i = 0; i < int64_t(x.size()); ++i) {
    double& largest = y[size_t(i / (extent * inner) * inner + i % inner)];
    largest = std::max(largest, x[size_t(i)]);
  }
  return y;
}

void check_axis(const Shape& shape, int axis, float low, float high) {
  Graph graph;
  Tensor x = graph.input(shape);
  const std::vector<float> values = random_values(shape.elements(), uint32_t(axis + 1), low, high);
  Tensor y = fovea::max(x, axis);
  REQUIRE(y.shape() == shape.with(axis, 1));
  check_close(run(graph, {{x, values}}, y), reference(widened(values), shape, axis), kExact);
}

void check_gradient(const Shape& shape, int axis) {
  Graph graph;
  Tensor x = graph.input(shape), dy = graph.input(shape.with(axis, 1));
  const std::vector<float> values = random_values(shape.elements(), uint32_t(axis + 1));
  const std::vector<float> dy_values = random_values(dy.shape().elements(), 7);
  Tensor y = fovea::max(x, axis);
  Tensor dx = gradients_of(y, dy).front();
  const auto f = [&](const Operands& inputs) { return reference(inputs[0], shape, axis); };
  check_close(run(graph, {{x, values}, {dy, dy_values}}, dx),
              gradient(f, {widened(values)}, dy_values, 0, 1e-7), kRow);
}

}  // namespace

TEST_CASE("max matches the double loop along every axis of every rank") {
  for (const Shape& shape : {Shape{11}, Shape{5, 7}, Shape{3, 4, 5}, Shape{2, 1, 3, 17}, Shape{2, 3, 1, 2, 5},
                             Shape{2, 3, 2, 1, 3, 5}})
    for (int axis = 0; axis < shape.rank(); ++axis) check_axis(shape, axis, -1, 1);
}

TEST_CASE("max matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131, 1009}) {
    check_axis({3, n}, 1, -2, -1);
    check_axis({n, 3}, 0, 1, 2);
    check_axis({2, 3, n}, 1, -1e38f, 1e38f);
  }
}

TEST_CASE("max lets NaN win, and keeps infinity") {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {1,    NAN, 2,   inf, 3,     -inf, -inf, -inf,
                                     -inf, inf, NAN, 9,   -0.0f, -3,   -0.0f};
  Graph graph;
  Tensor x = graph.input({5, 3});
  check_close(run(graph, {{x, values}}, fovea::max(x)), {NAN, inf, -inf, NAN, 0}, kExact);
  check_close(run(graph, {{x, values}}, fovea::max(x, 0)), {inf, NAN, 9}, kExact);
  check_close(run(graph, {{x, values}}, fovea::max(transpose(x))), {inf, NAN, 9}, kExact);
}

TEST_CASE("max has the gradient of its formula") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 31, 32, 33, 131}) {
    check_gradient({3, n}, 1);
    check_gradient({n, 3}, 0);
    check_gradient({2, n, 5}, 1);
  }
}

TEST_CASE("max sends its gradient to the first of equals, and NaN to NaN") {
  const float inf = std::numeric_limits<float>::infinity();
  Graph graph;
  Tensor x = graph.input({5, 4}), dy = graph.input({5, 1});
  const std::vector<float> values = {1,    3,    3, 3,   -0.0f, 0,   -1,  0,   -inf, -inf,
                                     -inf, -inf, 2, NAN, inf,   NAN, inf, inf, 2,    1};
  const std::vector<double> want = {0, 2, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, NAN, 0, 0, NAN, 0, 0, 0};
  const std::vector<float> dy_values = {2, 3, 4, 5, NAN};
  Tensor y = fovea::max(x);
  Tensor dx = gradients_of(y, dy).front();
  check_close(run(graph, {{x, values}, {dy, dy_values}}, dx), want, kExact);
  Tensor below = fovea::max(transpose(x), 0);  // (1, 5)
  Tensor turned = gradients_of(below, transpose(dy)).front();
  check_close(run(graph, {{x, values}, {dy, dy_values}}, transpose(turned)), want, kExact);
}

TEST_CASE("max rejects what does not fit") {
  Graph graph;
  check_rejects([&] { fovea::max(graph.input({4}, DType::u32)); }, {"max", "u32", "f32"});
  check_rejects([&] { fovea::max(graph.input({4, 5}), 2); }, {"max", "axis 2", "2 axes"});
  check_rejects([&] { fovea::max(graph.input({})); }, {"max", "needs an axis", "()"});
}
