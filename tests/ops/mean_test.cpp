#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<double> reference(const std::vector<float>& x, const Shape& shape, int axis) {
  const int64_t extent = shape[axis];
  int64_t inner = 1;
  for (int a = axis + 1; a < shape.rank(); ++a) inner *= shape[a];
  std::vector<double> y(x.size() / size_t(extent), 0);
  for (int64_t i = 0; i < int64_t(x.size()); ++i)
    y[size_t(i / (extent * inner) * inner + i % inner)] += double(x[size_t(i)]) / double(extent);
  return y;
}

void check_axis(const Shape& shape, int axis, float low = -1, float high = 1) {
  Graph graph;
  Tensor x = graph.input(shape);
  const std::vector<float> values = random_values(shape.elements(), uint32_t(axis + 1), low, high);
  Tensor y = mean(x, axis);
  REQUIRE(y.shape() == shape.with(axis, 1));
  check_close(run(graph, {{x, values}}, y), reference(values, shape, axis), kRow);
}

}  // namespace

TEST_CASE("mean matches the double loop along every axis of every rank") {
  for (const Shape& shape : {Shape{11}, Shape{5, 7}, Shape{3, 4, 5}, Shape{2, 1, 3, 17}, Shape{2, 3, 1, 2, 5},
                             Shape{2, 3, 2, 1, 3, 5}})
    for (int axis = 0; axis < shape.rank(); ++axis) check_axis(shape, axis);
}

TEST_CASE("mean matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131, 1009}) {
    check_axis({3, n}, 1);
    check_axis({n, 3}, 0);
    check_axis({2, 3, n}, 1);
  }
}

TEST_CASE("mean of a million values loses nothing") {
  check_axis({1000003}, 0, 0, 1);
  check_axis({250007, 4}, 0, 0, 1);
  Graph graph;  // 1e8 swallows every 1 that is added to it in fp32
  Tensor x = graph.input({2, 4099});
  std::vector<float> values(2 * 4099, 1);
  for (size_t start : {0, 4099}) values[start] = 1e8f, values[start + 4098] = -1e8f;
  check_close(run(graph, {{x, values}}, mean(x)), reference(values, x.shape(), 1), kRow);
}

TEST_CASE("mean takes the last axis when none is named, and strided views") {
  Graph graph;
  Tensor x = graph.input({6, 5});
  const std::vector<float> values = random_values(30, 3);
  check_close(run(graph, {{x, values}}, mean(x)), reference(values, {6, 5}, 1), kRow);
  check_close(run(graph, {{x, values}}, mean(transpose(x))), reference(values, {6, 5}, 0), kRow);
}

TEST_CASE("mean keeps NaN and infinity") {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {1, NAN, 2, inf, 3, 4, -inf, 1, 1, inf, -inf, inf, 3e38f, 3e38f, 3e38f};
  Graph graph;
  Tensor x = graph.input({5, 3});
  check_close(run(graph, {{x, values}}, mean(x)), {NAN, inf, -inf, NAN, inf}, kExact);
  check_close(run(graph, {{x, values}}, mean(x, 0)), {NAN, NAN, inf}, kExact);
}

TEST_CASE("mean spreads its gradient") {
  Graph graph;
  Tensor x = graph.input({2, 4, 3}), dy = graph.input({2, 1, 3});
  const std::vector<float> dy_values = random_values(6, 5);
  Tensor y = mean(x, 1);
  Tensor dx = gradients_of(y, dy).front();
  REQUIRE(dx.shape() == x.shape());
  std::vector<double> want;
  for (int64_t i = 0; i < 24; ++i) want.push_back(double(dy_values[size_t(i / 12 * 3 + i % 3)]) / 4);
  check_close(run(graph, {{dy, dy_values}}, contiguous(dx)), want, kElementwise);
}

TEST_CASE("mean rejects what does not fit") {
  Graph graph;
  check_rejects([&] { mean(graph.input({4}, DType::u32)); }, {"mean", "u32", "f32"});
  check_rejects([&] { mean(graph.input({4, 5}), 2); }, {"mean", "axis 2", "2 axes"});
  check_rejects([&] { mean(graph.input({4, 5}), -3); }, {"mean", "axis -3"});
  check_rejects([&] { mean(graph.input({})); }, {"mean", "needs an axis", "()"});
}
