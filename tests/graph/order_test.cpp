#include "graph/order.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

Tensor node(Graph& graph, const std::string& op, const std::vector<Tensor>& reads) {
  return graph.add({.op = op, .inputs = reads, .shape = {8}, .launch = [](Launch&) {}});
}

Tensor half(Tensor x) { return x.graph->view(x, {4}, x.strides(), 4, {}); }

std::vector<std::string> ops(const std::vector<Node>& nodes) {
  std::vector<std::string> names;
  for (const Node& one : nodes) names.push_back(one.spec.op);
  return names;
}

std::vector<std::string> order_of(const std::vector<Value>& values, const Graph& graph,
                                  const std::vector<Tensor>& outputs) {
  std::vector<ValueId> ids;
  for (Tensor output : outputs) ids.push_back(output.id);
  return ops(order(values, graph.nodes(), ids));
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("order drops what the outputs do not need") {
  Graph graph;
  Tensor x = graph.input({8});
  Tensor a = node(graph, "a", {x}), b = node(graph, "b", {a}), c = node(graph, "c", {a, Tensor()});
  node(graph, "d", {b, c});
  REQUIRE(order_of(graph.values(), graph, {c}) == Names{"a", "c"});
  REQUIRE(order_of(graph.values(), graph, {b, c}) == Names{"a", "b", "c"});
  REQUIRE(order_of(graph.values(), graph, {x}).empty());
  REQUIRE(order_of(graph.values(), graph, {}).empty());
}

TEST_CASE("order keeps the makers of bases that are read through views") {
  Graph graph;
  Tensor a = node(graph, "a", {graph.input({8})});
  Tensor b = node(graph, "b", {half(half(a))});
  node(graph, "unused", {half(a)});
  REQUIRE(order_of(graph.values(), graph, {b}) == Names{"a", "b"});
  REQUIRE(order_of(graph.values(), graph, {half(b)}) == Names{"a", "b"});
}

TEST_CASE("order keeps a node of which any output is needed") {
  Graph graph;
  const std::vector<Tensor> made = graph.add_all({.op = "two",
                                                  .inputs = {node(graph, "a", {graph.input({8})})},
                                                  .shape = {8},
                                                  .more = {{.shape = {8}}},
                                                  .launch = [](Launch&) {}});
  REQUIRE(order_of(graph.values(), graph, {made[1]}) == Names{"a", "two"});
}

TEST_CASE("order keeps updates of a State and what they need") {
  Graph graph;
  Tensor x = graph.input({8});
  Tensor a = node(graph, "a", {x});
  const Tensor update = node(graph, "update", {a});
  node(graph, "unused", {a});
  Tensor y = node(graph, "y", {x});
  // A State needs a device; as plain data it is a value with other memory: an address never followed.
  std::vector<Value> values = graph.values();
  values[update.id].state = reinterpret_cast<const Buffer*>(&values);
  REQUIRE(order_of(values, graph, {y}) == Names{"a", "update", "y"});
  REQUIRE(order_of(values, graph, {}) == Names{"a", "update"});
}

TEST_CASE("order matches brute force on random graphs") {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const std::vector<uint32_t> random = random_ids(400, seed, 1u << 30);
    size_t next = 0;
    Graph graph;
    std::vector<Tensor> tensors = {graph.input({8})};
    const auto any = [&] { return tensors[random[next++] % tensors.size()]; };
    for (int i = 0; i < 60; ++i) {
      const Tensor from = any();
      const bool view = random[next++] % 4 == 0 && from.shape()[0] == 8;
      tensors.push_back(view ? half(from) : node(graph, std::to_string(i), {from, any()}));
    }
    const std::vector<Tensor> outputs = {any(), any()};

    // Needed: reachable from the outputs, step by step until nothing is added.
    std::set<ValueId> needed;
    for (Tensor output : outputs) needed.insert(graph.value(output.id).base);
    for (size_t before = 0; before != needed.size();) {
      before = needed.size();
      for (const Node& one : graph.nodes())
        if (needed.count(one.outputs[0]))
          for (ValueId read : one.inputs) needed.insert(graph.value(read).base);
    }
    Names want;
    for (const Node& one : graph.nodes())
      if (needed.count(one.outputs[0])) want.push_back(one.spec.op);
    REQUIRE(order_of(graph.values(), graph, outputs) == want);
  }
}
