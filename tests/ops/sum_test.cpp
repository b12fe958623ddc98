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
    y[size_t(i / (extent * inner) * inner + i % inner)] += double(x[size_t(i)]);
  return y;
}

void check_axis(const Shape& shape, int axis, float low = -1, float high = 1) {
  Graph graph;
  Tensor x = graph.input(shape);
  const std::vector<float> values = random_values(shape.elements(), uint32_t(axis + 1), low, high);
  Tensor y = sum(x, axis);
  REQUIRE(y.shape() == shape.with(axis, 1));
  check_close(run(graph, {{x, values}}, y), reference(values, shape, axis), kRow);
}

}  // namespace

TEST_CASE("sum matches the double loop along every axis of every rank") {
  for (const Shape& shape : {Shape{11}, Shape{5, 7}, Shape{3, 4, 5}, Shape{2, 1, 3, 17}, Shape{2, 3, 1, 2, 5},
                             Shape{2, 3, 2, 1, 3, 5}})
    for (int axis = 0; axis < shape.rank(); ++axis) check_axis(shape, axis);
}

TEST_CASE("sum matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131, 1009}) {
    check_axis({3, n}, 1);
    check_axis({n, 3}, 0);
    check_axis({2, 3, n}, 1);
  }
}

TEST_CASE("sum of columns matches the double loop, in whole quads, in parts and beside them") {
  for (int64_t columns : {4, 12, 20, 36, 64, 132, 192, 260, 390})
    for (int64_t rows : {1, 3, 4, 5, 7, 64, 127, 129, 1009}) {
      check_axis({rows, columns}, 0);
      if (rows < 100) check_axis({3, rows, columns}, 1);
    }
  check_axis({4099, 192}, 0);
  check_axis({4099, 13}, 0);
  check_axis({5, 2053, 12}, 1);
}

TEST_CASE("sum of columns that do not start on 16 bytes") {
  Graph graph;
  Tensor x = graph.input({1 + 2053 * 64});
  const std::vector<float> values = random_values(1 + 2053 * 64, 4);
  Tensor y = sum(reshape(slice(x, 0, 1, 2053 * 64), {2053, 64}), 0);
  check_close(run(graph, {{x, values}}, y), reference({values.begin() + 1, values.end()}, {2053, 64}, 0),
              kRow);
}

TEST_CASE("sum of a million values loses nothing") {
  check_axis({1000003}, 0, 0, 1);
  check_axis({250007, 4}, 0, 0, 1);
  Graph graph;  // 1e8 swallows every 1 that is added to it in fp32
  Tensor x = graph.input({2, 4099});
  std::vector<float> values(2 * 4099, 1);
  for (size_t start : {0, 4099}) values[start] = 1e8f, values[start + 4098] = -1e8f;
  check_close(run(graph, {{x, values}}, sum(x)), reference(values, x.shape(), 1), kRow);
  for (int64_t columns : {2, 64}) {
    Tensor turned = graph.input({4099, columns});
    std::vector<float> ones(size_t(4099 * columns), 1);
    for (size_t c = 0; c < size_t(columns); ++c) ones[c] = 1e8f, ones[ones.size() - 1 - c] = -1e8f;
    check_close(run(graph, {{turned, ones}}, sum(turned, 0)), reference(ones, turned.shape(), 0), kRow);
  }
}

TEST_CASE("sum takes the last axis when none is named, and strided views") {
  Graph graph;
  Tensor x = graph.input({6, 5});
  const std::vector<float> values = random_values(30, 3);
  check_close(run(graph, {{x, values}}, sum(x)), reference(values, {6, 5}, 1), kRow);
  check_close(run(graph, {{x, values}}, sum(transpose(x))), reference(values, {6, 5}, 0), kRow);
}

TEST_CASE("sum keeps NaN and infinity") {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {1, NAN, 2, inf, 3, 4, -inf, 1, 1, inf, -inf, inf, 3e38f, 3e38f, 3e38f};
  Graph graph;
  Tensor x = graph.input({5, 3});
  check_close(run(graph, {{x, values}}, sum(x)), {NAN, inf, -inf, NAN, inf}, kExact);
  check_close(run(graph, {{x, values}}, sum(x, 0)), {NAN, NAN, inf}, kExact);
  Tensor wide = graph.input({2053, 64});
  std::vector<float> many(2053 * 64, 1);
  std::vector<double> want(64, 2053);
  many[3] = inf, many[1000 * 64 + 4] = NAN, many[5] = 3e38f, many[2052 * 64 + 5] = 3e38f;
  many[6] = inf, many[2052 * 64 + 6] = -inf, many[2052 * 64 + 7] = -inf;
  want[3] = want[5] = double(inf), want[4] = want[6] = NAN, want[7] = -double(inf);
  check_close(run(graph, {{wide, many}}, sum(wide, 0)), want, kExact);
}

TEST_CASE("sum spreads its gradient") {
  Graph graph;
  Tensor x = graph.input({2, 4, 3}), dy = graph.input({2, 1, 3});
  const std::vector<float> dy_values = random_values(6, 5);
  Tensor y = sum(x, 1);
  Tensor dx = gradients_of(y, dy).front();
  REQUIRE(dx.shape() == x.shape());
  std::vector<double> want;
  for (int64_t i = 0; i < 24; ++i) want.push_back(double(dy_values[size_t(i / 12 * 3 + i % 3)]));
  check_close(run(graph, {{dy, dy_values}}, contiguous(dx)), want, kElementwise);
}

TEST_CASE("sum rejects what does not fit") {
  Graph graph;
  check_rejects([&] { sum(graph.input({4}, DType::u32)); }, {"sum", "u32", "f32"});
  check_rejects([&] { sum(graph.input({4, 5}), 2); }, {"sum", "axis 2", "2 axes"});
  check_rejects([&] { sum(graph.input({4, 5}), -3); }, {"sum", "axis -3"});
  check_rejects([&] { sum(graph.input({})); }, {"sum", "needs an axis", "()"});
}
