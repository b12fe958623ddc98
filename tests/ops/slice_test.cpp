#include <catch2/catch_test_macros.hpp>

#include "fovea/op.hpp"
#include "support/array.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("slice takes every range of every axis") {
  const Shape shape{3, 4, 2};
  const std::vector<float> values = random_values(shape.elements(), 1);
  Graph graph;
  Tensor x = graph.input(shape);
  std::vector<Tensor> views;
  std::vector<Array<double>> want;
  for (int axis = 0; axis < 3; ++axis) {
    for (int64_t start = 0; start < shape[axis]; ++start) {
      for (int64_t count = 1; start + count <= shape[axis]; ++count) {
        views.push_back(slice(x, axis, start, count));
        want.push_back(as_array(shape, values).sliced(axis, start, count));
        REQUIRE(views.back().shape() == want.back().shape);
      }
    }
  }
  REQUIRE(graph.nodes().empty());
  const std::vector<Values> got = run_all(graph, {{x, values}}, views);
  for (size_t i = 0; i < views.size(); ++i)
    check_close(std::get<std::vector<float>>(got[i]), want[i].values, kExact);
}

TEST_CASE("slice of a slice, of ids, from the back") {
  const Shape shape{5, 7};
  const std::vector<uint32_t> values = random_ids(35, 2, UINT32_MAX);
  Graph graph;
  Tensor x = graph.input(shape, DType::u32);
  Tensor y = slice(slice(slice(x, -1, 1, 5), 0, 2, 3), -1, 2, 2);  // rows 2..4, columns 3..4
  const Array<uint32_t> want = as_array(shape, values).sliced(0, 2, 3).sliced(1, 3, 2);
  REQUIRE(run_u32(graph, {{x, values}}, y) == want.values);
}

TEST_CASE("slice of what a node made") {
  const std::vector<float> values = random_values(35, 3);
  Graph graph;
  Tensor x = graph.input({5, 7});
  Tensor y = scale(slice(scale(x, 2), 0, 1, 2), 2);  // a view between two nodes, in the arena
  std::vector<double> want;
  for (size_t i = 7; i < 21; ++i) want.push_back(4 * double(values[i]));
  check_close(run(graph, {{x, values}}, y), want, kExact);
}

TEST_CASE("slice rejects what lies outside") {
  Graph graph;
  Tensor x = graph.input({4, 3});
  check_rejects([&] { slice(x, 1, 2, 2); }, {"slice", "2 from 2", "axis 1", "(4, 3)"});
  check_rejects([&] { slice(x, 0, -1, 2); }, {"slice", "-1"});
  check_rejects([&] { slice(x, 0, 0, 0); }, {"slice", "0 from 0"});
  check_rejects([&] { slice(x, 0, 1, INT64_MAX); }, {"slice", "axis 0"});
  check_rejects([&] { slice(x, 2, 0, 1); }, {"slice", "2"});
  check_rejects([&] { slice(pack(x), 0, 0, 1); }, {"slice", "panels"});
  check_rejects([&] { slice(Tensor(), 0, 0, 1); }, {"slice", "absent"});
}
