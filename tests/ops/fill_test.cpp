#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("fill holds one value at every edge and any rank") {
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 127, 128, 129, 255, 256, 257, 1009}) {
    Graph graph;
    check_close(run(graph, {}, fill(graph, {count}, 2.5f)), std::vector<double>(size_t(count), 2.5), kExact);
  }
  Graph graph;
  Tensor one = fill(graph, {}, -1), deep = fill(graph, {2, 3, 1, 2, 1, 5}, 0);
  REQUIRE(one.shape() == Shape{});
  REQUIRE(deep.shape() == Shape{2, 3, 1, 2, 1, 5});
  check_close(run(graph, {}, one), {-1}, kExact);
  check_close(run(graph, {}, deep), std::vector<double>(60, 0), kExact);
  check_close(run(graph, {}, add(one, fill(graph, {}, 3))), {2}, kExact);
}

TEST_CASE("fill keeps NaN and infinity") {
  Graph graph;
  for (float value : {NAN, INFINITY, -INFINITY})
    check_close(run(graph, {}, fill(graph, {3}, value)), std::vector<double>(3, value), kExact);
}
