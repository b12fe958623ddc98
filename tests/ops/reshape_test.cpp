#include <catch2/catch_test_macros.hpp>

#include "fovea/op.hpp"
#include "support/array.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("reshape keeps row order without a copy") {
  const Shape shape{4, 6, 5};
  const std::vector<float> values = random_values(shape.elements(), 1);
  const std::vector<double> want(values.begin(), values.end());
  const std::vector<Shape> shapes = {{120}, {24, 5}, {4, 30}, {2, 2, 3, 2, 5, 1}, {1, 120, 1}, shape};
  for (const Shape& to : shapes) {
    Graph graph;
    Tensor x = graph.input(shape);
    Tensor y = reshape(x, to);
    REQUIRE(y.shape() == to);
    REQUIRE(graph.nodes().empty());
    check_close(run(graph, {{x, values}}, y), want, kExact);
  }
}

TEST_CASE("reshape of one element") {
  Graph graph;
  Tensor x = graph.input({});
  Tensor y = reshape(reshape(x, {1, 1, 1}), {});
  check_close(run(graph, {{x, std::vector<float>{7}}}, y), {7}, kExact);
}

TEST_CASE("reshape of a view copies only where strides cannot say it") {
  const Shape shape{4, 6, 5};
  const std::vector<uint32_t> values = random_ids(shape.elements(), 2, UINT32_MAX);
  const Array<uint32_t> whole = as_array(shape, values);
  Graph graph;
  Tensor x = graph.input(shape, DType::u32);
  Tensor turned = permute(x, {2, 0, 1});  // (5, 4, 6): the last two axes still lie together
  Tensor joined = reshape(turned, {5, 24});
  Tensor split = reshape(turned, {5, 2, 2, 3, 2, 1});
  Tensor part = reshape(slice(x, 2, 1, 2), {24, 2});
  REQUIRE(graph.nodes().empty());
  Tensor copied = reshape(turned, {20, 6});
  REQUIRE(graph.nodes().size() == 1);

  const Array<uint32_t> want = whole.permuted({2, 0, 1});
  const std::vector<Values> got = run_all(graph, {{x, values}}, {joined, split, part, copied});
  REQUIRE(std::get<std::vector<uint32_t>>(got[0]) == want.values);
  REQUIRE(std::get<std::vector<uint32_t>>(got[1]) == want.values);
  REQUIRE(std::get<std::vector<uint32_t>>(got[2]) == whole.sliced(2, 1, 2).values);
  REQUIRE(std::get<std::vector<uint32_t>>(got[3]) == want.values);
}

TEST_CASE("reshape rejects another number of elements") {
  Graph graph;
  Tensor x = graph.input({4, 3});
  check_rejects([&] { reshape(x, {4, 4}); }, {"reshape", "(4, 3)", "12", "(4, 4)", "16"});
  check_rejects([&] { reshape(pack(x), {12}); }, {"reshape", "panels"});
  check_rejects([&] { reshape(Tensor(), {1}); }, {"reshape", "absent"});
}
