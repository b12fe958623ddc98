#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/array.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

template <class T>
std::vector<T> reference(const Array<T>& x, int axis, int64_t before, int64_t after) {
  const Shape to = x.shape.with(axis, x.shape[axis] + before + after);
  std::vector<T> y(to.elements(), T(0));
  for (uint64_t i = 0; i < x.values.size(); ++i) {
    Index where = index_of(x.shape, i);
    where[size_t(axis)] += before;
    y[position_of(to, where)] = x.values[i];
  }
  return y;
}

void check_pad(const Shape& shape, int axis, int64_t before, int64_t after) {
  INFO(shape << " axis " << axis << ": " << before << " before, " << after << " after");
  Graph graph;
  Tensor x = graph.input(shape);
  const std::vector<float> values = random_values(shape.elements(), 1);
  Tensor y = pad(x, axis, before, after);
  REQUIRE(y.shape() == shape.with(axis, shape[axis] + before + after));
  check_close(run(graph, {{x, values}}, y), reference(as_array(shape, values), axis, before, after), kExact);
}

}  // namespace

TEST_CASE("pad puts zeros around along every axis of every rank") {
  for (const Shape& shape :
       {Shape{11}, Shape{5, 7}, Shape{1, 1}, Shape{2, 1, 3, 17}, Shape{2, 3, 2, 1, 3, 5}})
    for (int axis = 0; axis < shape.rank(); ++axis) {
      check_pad(shape, axis, 2, 3);
      check_pad(shape, axis, 0, 1);
      check_pad(shape, axis, 1, 0);
    }
}

TEST_CASE("pad holds at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 127, 128, 129, 1009}) {
    check_pad({3, n}, 1, 1, 2);
    check_pad({n, 3}, 0, n, 1);
    check_pad({2, 1}, 1, 0, n);
  }
}

TEST_CASE("pad takes ids, strided views, NaN, and nothing to add") {
  Graph graph;
  Tensor ids = graph.input({4, 3}, DType::u32);
  const std::vector<uint32_t> values = random_ids(12, 2, UINT32_MAX);
  const Array<uint32_t> turned = as_array(ids.shape(), values).permuted({1, 0});
  REQUIRE(run_u32(graph, {{ids, values}}, pad(transpose(ids), -1, 1, 1)) == reference(turned, 1, 1, 1));
  Tensor x = graph.input({2});
  check_close(run(graph, {{x, std::vector<float>{NAN, -INFINITY}}}, pad(x, 0, 1, 1)), {0, NAN, -INFINITY, 0},
              kExact);
  REQUIRE(pad(x, 0, 0, 0).id == x.id);
}

TEST_CASE("pad's gradient is what lies between the zeros") {
  Graph graph;
  Tensor x = graph.input({2, 3, 4}), dy = graph.input({2, 8, 4});
  const std::vector<float> dy_values = random_values(64, 3);
  Tensor y = pad(x, 1, 2, 3);
  Tensor dx = gradients_of(y, dy).front();
  REQUIRE(dx.shape() == x.shape());
  check_close(run(graph, {{dy, dy_values}}, contiguous(dx)),
              as_array(dy.shape(), dy_values).sliced(1, 2, 3).values, kExact);
}

TEST_CASE("pad rejects what does not fit") {
  Graph graph;
  Tensor x = graph.input({4, 5});
  check_rejects([&] { pad(x, 2, 1, 1); }, {"pad", "axis 2", "2 axes"});
  check_rejects([&] { pad(x, 1, -1, 1); }, {"pad", "-1 before", "(4, 5)"});
  check_rejects([&] { pad(x, 1, 1, -2); }, {"pad", "-2 after"});
  check_rejects([&] { pad(Tensor(), 0, 1, 1); }, {"pad", "absent"});
  check_rejects([&] { pad(pack(x), 0, 1, 1); }, {"pad", "panels"});
}
