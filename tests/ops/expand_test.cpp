#include <catch2/catch_test_macros.hpp>

#include "fovea/op.hpp"
#include "support/array.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("expand repeats axes of extent 1 and missing ones") {
  struct Case {
    Shape from, to;
  };
  const std::vector<Case> cases = {
      {{1}, {5}},
      {{}, {2, 3}},
      {{3}, {3}},
      {{3}, {4, 3}},
      {{4, 1}, {4, 5}},
      {{1, 3}, {2, 4, 3}},
      {{2, 1, 3, 1}, {2, 5, 3, 4}},
      {{1, 1, 1, 1, 1, 1}, {2, 1, 3, 1, 2, 1}},
      {{3, 1, 2}, {1, 2, 1, 3, 4, 2}},
  };
  for (const Case& c : cases) {
    INFO("expand " << to_string(c.from) << " to " << to_string(c.to));
    const std::vector<float> values = random_values(c.from.elements(), 1);
    Graph graph;
    Tensor x = graph.input(c.from);
    Tensor y = expand(x, c.to);
    REQUIRE(y.shape() == c.to);
    REQUIRE(graph.nodes().empty());
    const std::vector<double> want = as_array(c.from, values).expanded(c.to).values;
    Tensor copy = contiguous(y);
    const std::vector<Values> got = run_all(graph, {{x, values}}, {y, copy});
    check_close(std::get<std::vector<float>>(got[0]), want, kExact);
    check_close(std::get<std::vector<float>>(got[1]), want, kExact);
  }
}

TEST_CASE("expand of ids and of a view") {
  const std::vector<uint32_t> values = random_ids(12, 2, UINT32_MAX);
  Graph graph;
  Tensor x = graph.input({4, 3}, DType::u32);
  Tensor y = expand(slice(transpose(x), 0, 1, 1), {2, 5, 4});
  const Array<uint32_t> want = as_array(x.shape(), values).permuted({1, 0}).sliced(0, 1, 1);
  REQUIRE(run_u32(graph, {{x, values}}, y) == want.expanded({2, 5, 4}).values);
}

TEST_CASE("expand rejects other extents") {
  Graph graph;
  Tensor x = graph.input({4, 3});
  check_rejects([&] { expand(x, {4, 6}); }, {"expand", "(4, 3)", "(4, 6)", "axis 1"});
  check_rejects([&] { expand(x, {3}); }, {"expand", "(4, 3)", "(3)", "fewer"});
  check_rejects([&] { expand(x, {4, 1}); }, {"expand", "(4, 3)", "(4, 1)"});
  check_rejects([&] { expand(pack(x), {2, 4, 3}); }, {"expand", "panels"});
  check_rejects([&] { expand(Tensor(), {2}); }, {"expand", "absent"});
}
