#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/array.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// Parts of these extents along one axis, joined, against the loop over the indices of the result.
template <class T, class Make>
void check_concat(const Shape& shape, int axis, const std::vector<int64_t>& extents, DType dtype, Make make) {
  INFO("concat of " << extents.size() << " parts of " << to_string(shape) << " along axis " << axis);
  Graph graph;
  std::vector<Input> inputs;
  std::vector<Tensor> parts;
  std::vector<std::pair<int, int64_t>> sources;  // part and index in it, for every index along the axis
  int64_t total = 0;
  std::vector<Array<T>> arrays;
  for (int64_t extent : extents) {
    const Shape part = shape.with(axis, extent);
    const auto values = make(part.elements(), uint32_t(parts.size() + 1));
    for (int64_t i = 0; i < extent; ++i) sources.emplace_back(int(parts.size()), i);
    parts.push_back(graph.input(part, dtype));
    inputs.push_back({parts.back(), values});
    arrays.push_back(as_array(part, values));
    total += extent;
  }
  Tensor y = concat(parts, axis);
  const Shape joined = shape.with(axis, total);
  REQUIRE(y.shape() == joined);
  std::vector<T> want;
  for (uint64_t i = 0; i < joined.elements(); ++i) {
    Index index = index_of(joined, i);
    int64_t& along = index[size_t(axis < 0 ? axis + shape.rank() : axis)];
    const auto [part, inside] = sources[size_t(along)];
    along = inside;
    want.push_back(arrays[size_t(part)][index]);
  }
  if constexpr (std::is_same_v<T, uint32_t>) {
    REQUIRE(run_u32(graph, inputs, y) == want);
  } else {
    check_close(run(graph, inputs, y), want, kExact);
  }
}

void check_floats(const Shape& shape, int axis, const std::vector<int64_t>& extents) {
  check_concat<double>(shape, axis, extents, DType::f32,
                       [](uint64_t count, uint32_t seed) { return random_values(count, seed); });
}

void check_ids(const Shape& shape, int axis, const std::vector<int64_t>& extents) {
  check_concat<uint32_t>(shape, axis, extents, DType::u32,
                         [](uint64_t count, uint32_t seed) { return random_ids(count, seed, UINT32_MAX); });
}

}  // namespace

TEST_CASE("concat along every axis of every rank") {
  const Shape shape{2, 3, 1, 5, 2, 3};
  for (int rank = 1; rank <= 6; ++rank)
    for (int axis = 0; axis < rank; ++axis) check_floats(shape.slice(0, rank), axis, {1, 4, 2});
  check_ids({4, 5, 3}, 1, {1, 2, 7});
  check_ids({4}, 0, {1, 3});
}

TEST_CASE("concat of edge lengths") {
  for (int64_t count : {3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 129})
    check_floats({2, 1}, -1, {count, 1, count});
  check_floats({3, 4}, 0, {5});
  check_floats({1, 1}, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("concat reads strided views and a tensor twice") {
  const std::vector<float> values = random_values(35, 3);
  const Shape shape{5, 7};
  Graph graph;
  Tensor x = graph.input(shape);
  Tensor y = concat({transpose(x), transpose(slice(x, 0, 1, 2)), transpose(x)}, 1);  // (7, 12)
  std::vector<double> want;
  for (size_t row = 0; row < 7; ++row)
    for (size_t column : {0, 1, 2, 3, 4, 1, 2, 0, 1, 2, 3, 4})
      want.push_back(double(values[column * 7 + row]));
  check_close(run(graph, {{x, values}}, y), want, kExact);
}

TEST_CASE("concat moves NaN and infinity") {
  const float inf = std::numeric_limits<float>::infinity();
  Graph graph;
  Tensor a = graph.input({2}), b = graph.input({1});
  const std::vector<float> first{NAN, -inf}, second{inf};
  check_close(run(graph, {{a, first}, {b, second}}, concat({b, a}, 0)), {inf, NAN, -inf}, kExact);
}

TEST_CASE("concat cuts its gradient into parts") {
  const std::vector<float> dy_values = random_values(24, 1);
  const Array<double> whole = as_array({2, 4, 3}, dy_values);
  Graph graph;
  Tensor a = graph.input({2, 1, 3}), b = graph.input({2, 3, 3}), dy = graph.input({2, 4, 3});
  Tensor y = concat({a, b}, 1);
  const std::vector<Tensor> gradients = gradients_of(y, dy);
  const std::vector<Values> got = run_all(graph, {{dy, dy_values}}, gradients);
  check_close(std::get<std::vector<float>>(got[0]), whole.sliced(1, 0, 1).values, kExact);
  check_close(std::get<std::vector<float>>(got[1]), whole.sliced(1, 1, 3).values, kExact);
}

TEST_CASE("concat rejects parts that do not fit") {
  Graph graph;
  Tensor a = graph.input({2, 3}), b = graph.input({4, 3}), flat = graph.input({3});
  Tensor ids = graph.input({2, 3}, DType::u32), scalar = graph.input({});
  check_rejects([&] { concat({}, 0); }, {"concat", "nothing"});
  check_rejects([&] { concat({a, b}, 1); }, {"concat", "(2, 3)", "(4, 3)", "axis 1"});
  check_rejects([&] { concat({a, flat}, 0); }, {"concat", "(2, 3)", "(3)"});
  check_rejects([&] { concat({a, ids}, 0); }, {"concat", "u32", "f32"});
  check_rejects([&] { concat({a, b}, 2); }, {"concat", "2"});
  check_rejects([&] { concat({scalar, scalar}, 0); }, {"concat"});
  check_rejects([&] { concat({a, Tensor()}, 0); }, {"concat", "absent"});
}
