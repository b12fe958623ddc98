#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "core/panels.h"
#include "support/array.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("assign writes a state at every edge") {
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 129, 1009}) {
    State state(device(), {count});
    Graph graph;
    Tensor x = graph.input({count});
    const std::vector<float> values = random_values(uint64_t(count), uint32_t(count));
    const std::vector<double> want(values.begin(), values.end());
    check_close(run(graph, {{x, values}}, assign(state, x)), want, kExact);
    check_close(state.read(), want, kExact);
  }
}

TEST_CASE("assign takes ids, any rank and strided views") {
  const Shape shape{2, 3, 1, 2, 3, 2};
  State ids_state(device(), shape, DType::u32);
  Graph graph;
  Tensor ids = graph.input({3, 2, 1, 2, 3, 2}, DType::u32);
  const std::vector<uint32_t> values = random_ids(shape.elements(), 1, UINT32_MAX);
  Tensor y = assign(ids_state, permute(ids, {1, 0, 2, 3, 4, 5}));
  const Array<uint32_t> want = as_array(ids.shape(), values).permuted({1, 0, 2, 3, 4, 5});
  REQUIRE(run_u32(graph, {{ids, values}}, y) == want.values);
  REQUIRE(ids_state.read_u32() == want.values);

  State row_state(device(), {4, 3});
  Graph other;
  Tensor row = other.input({3});
  const std::vector<float> numbers{1, NAN, 3};
  check_close(run(other, {{row, numbers}}, assign(row_state, expand(row, {4, 3}))),
              {1, NAN, 3, 1, NAN, 3, 1, NAN, 3, 1, NAN, 3}, kExact);
}

TEST_CASE("assign of a state's own elements in another order") {
  const std::vector<float> before = random_values(49, 1);
  State state(device(), {7, 7});
  state.write(before);
  Graph graph;
  Tensor y = assign(state, transpose(graph.use(state)));
  Plan plan(device(), graph, {y});
  for (int run = 1; run <= 2; ++run) {
    plan.run();
    const Array<double> now = as_array(state.shape(), before);
    check_close(state.read(), run == 1 ? now.permuted({1, 0}).values : now.values, kExact);
  }
  REQUIRE(device().validation_messages().empty());
}

TEST_CASE("assign of panels keeps their padding") {
  const std::vector<float> values = random_values(15, 2);
  State weights(device(), {5, 3}, DType::f32, Layout::panels);
  weights.write(std::vector<float>(weights.bytes() / sizeof(float), NAN));
  Graph graph;
  Tensor b = graph.input({5, 3});
  run_all(graph, {{b, values}}, {assign(weights, pack(b))});
  REQUIRE(weights.read() == pack_panels(values, 5, 3, 3, 1));

  State copy(device(), {5, 3}, DType::f32, Layout::panels);
  Graph other;
  Plan plan(device(), other, {assign(copy, other.use(weights))});
  plan.run();
  REQUIRE(copy.read() == weights.read());
}

TEST_CASE("assign rejects what the state cannot hold") {
  State state(device(), {4, 3});
  State panels(device(), {4, 3}, DType::f32, Layout::panels);
  Graph graph;
  Tensor x = graph.input({3, 4}), ids = graph.input({4, 3}, DType::u32), fits = graph.input({4, 3});
  check_rejects([&] { assign(state, x); }, {"assign", "(3, 4)", "(4, 3)"});
  check_rejects([&] { assign(state, ids); }, {"assign", "u32", "f32"});
  check_rejects([&] { assign(state, pack(fits)); }, {"assign", "panels"});
  check_rejects([&] { assign(panels, fits); }, {"assign", "rows"});
  check_rejects([&] { assign(state, Tensor()); }, {"assign", "absent"});
}
