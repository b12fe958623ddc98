#include "graph/lifetimes.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// A node of a test: reads tensors, makes one value.
Tensor node(Graph& graph, const std::vector<Tensor>& reads, const Shape& shape = {8}) {
  return graph.add({.op = "node", .inputs = reads, .shape = shape, .launch = [](Launch&) {}});
}

Tensor half(Tensor x) { return x.graph->view(x, {x.shape()[0] / 2}, x.strides(), 0, {}); }

std::vector<Lifetime> lives_of(const Graph& graph, const std::vector<Tensor>& outputs) {
  std::vector<ValueId> ids;
  for (Tensor output : outputs) ids.push_back(output.id);
  return lifetimes(graph.values(), graph.nodes(), ids);
}

}  // namespace

TEST_CASE("lifetimes run from the maker to the last reader") {
  Graph graph;
  Tensor x = graph.input({8});
  Tensor a = node(graph, {x}), b = node(graph, {a}, {16});
  Tensor c = node(graph, {a, Tensor(), b}), d = node(graph, {c});
  const std::vector<Lifetime> want = {{a.id, 32, 0, 2}, {b.id, 64, 1, 2}, {c.id, 32, 2, 3}};
  REQUIRE(lives_of(graph, {d}) == want);
  REQUIRE(largest_live_set(want) == 128);
  REQUIRE(largest_live_set({}) == 0);
}

TEST_CASE("lifetimes of a base last as long as its views are read") {
  Graph graph;
  Tensor a = node(graph, {graph.input({8})});
  Tensor view_of_view = half(half(a));
  Tensor b = node(graph, {a}), c = node(graph, {b}), d = node(graph, {c, view_of_view});
  const std::vector<Lifetime> want = {{a.id, 32, 0, 3}, {b.id, 32, 1, 2}, {c.id, 32, 2, 3}};
  REQUIRE(lives_of(graph, {d}) == want);
}

TEST_CASE("lifetimes leave out outputs, even through a view, and inputs") {
  Graph graph;
  Tensor a = node(graph, {graph.input({8})}), b = node(graph, {a}), c = node(graph, {b});
  REQUIRE(lives_of(graph, {half(a), c}) == std::vector<Lifetime>{{b.id, 32, 1, 2}});
}

TEST_CASE("lifetimes of an output nobody reads last one step") {
  Graph graph;
  const std::vector<Tensor> made = graph.add_all({.op = "node",
                                                  .inputs = {graph.input({8})},
                                                  .shape = {8},
                                                  .more = {{.shape = {4}}},
                                                  .launch = [](Launch&) {}});
  Tensor b = node(graph, {made[0]});
  const std::vector<Lifetime> want = {{made[0].id, 32, 0, 1}, {made[1].id, 16, 0, 0}};
  REQUIRE(lives_of(graph, {b}) == want);
}

TEST_CASE("lifetimes match brute force on random graphs with views") {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const std::vector<uint32_t> random = random_ids(400, seed, 1u << 30);
    size_t next = 0;
    Graph graph;
    std::vector<Tensor> tensors = {graph.input({64}), graph.input({64})};
    const auto any = [&] { return tensors[random[next++] % tensors.size()]; };
    for (int i = 0; i < 60; ++i) {
      const Tensor from = any();
      const bool view = random[next++] % 3 == 0 && from.shape()[0] >= 2;
      tensors.push_back(view ? half(from) : node(graph, {from, any()}, {8 << i % 4}));
    }
    const Tensor output = node(graph, {tensors.back()});

    const std::vector<Value>& values = graph.values();
    std::vector<Lifetime> want;
    for (size_t step = 0; step < graph.nodes().size(); ++step) {
      const ValueId made = graph.nodes()[step].outputs[0];
      if (made == output.id) continue;
      size_t last = step;
      for (size_t reader = step; reader < graph.nodes().size(); ++reader)
        for (ValueId read : graph.nodes()[reader].inputs)
          if (values[read].base == made) last = reader;
      want.push_back({made, values[made].bytes, step, last});
    }
    REQUIRE(lives_of(graph, {output}) == want);

    uint64_t largest = 0;
    for (size_t step = 0; step < graph.nodes().size(); ++step) {
      uint64_t live = 0;
      for (const Lifetime& life : want) live += life.first <= step && step <= life.last ? life.bytes : 0;
      largest = std::max(largest, live);
    }
    REQUIRE(largest_live_set(want) == largest);
  }
}
