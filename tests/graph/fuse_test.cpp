#include "graph/fuse.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <numbers>

#include "graph/order.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t m = 5, n = 67, k = 9;

// y = gelu(a b + shift) + residual and what the tests take apart of it; b lies packed, so that one node
// remains.
struct Layer {
  Graph graph;
  Tensor a = graph.input({m, k}), b = graph.input({k, n}), shift = graph.input({n}),
         residual = graph.input({m, n});
  std::vector<float> a_values = random_values(m * k, 1), b_values = random_values(k * n, 2);
  std::vector<float> shift_values = random_values(n, 3), residual_values = random_values(m * n, 4);

  std::vector<Input> inputs() const {
    return {{a, a_values}, {b, b_values}, {shift, shift_values}, {residual, residual_values}};
  }
  // The product, then each step of the word in its order: b(ias), g(elu), r(elu), s(ilu), + (residual).
  std::vector<double> want(const std::string& steps) const {
    std::vector<double> y(m * n);
    for (size_t i = 0; i < y.size(); ++i) {
      for (size_t l = 0; l < k; ++l)
        y[i] += double(a_values[i / n * k + l]) * double(b_values[l * n + i % n]);
      for (char step : steps) {
        if (step == 'b') y[i] += double(shift_values[i % n]);
        if (step == 'g') y[i] *= 0.5 * (1 + std::erf(y[i] / std::numbers::sqrt2));
        if (step == 's') y[i] /= 1 + std::exp(-y[i]);
        if (step == 'r') y[i] = std::max(y[i], 0.0);
        if (step == '+') y[i] += double(residual_values[i]);
      }
    }
    return y;
  }
  Tensor build(const std::string& steps) {
    Tensor y = matmul(a, b);
    for (char step : steps) {
      if (step == 'b') y = add(y, shift);
      if (step == 'g') y = gelu(y);
      if (step == 'r') y = relu(y);
      if (step == 's') y = silu(y);
      if (step == '+') y = add(y, residual);
    }
    return y;
  }
  // Ops left after order and fuse, the pack of b left out.
  std::string ops(const std::vector<Tensor>& outputs) const {
    std::vector<ValueId> ids;
    for (Tensor output : outputs) ids.push_back(output.id);
    std::string text;
    for (const Node& node : fuse(graph.values(), order(graph.values(), graph.nodes(), ids), ids))
      if (node.spec.op != "pack") text += (text.empty() ? "" : " ") + node.spec.op;
    return text;
  }
};

}  // namespace

TEST_CASE("fuse folds bias, activation and residual into the product") {
  for (const char* steps :
       {"b", "g", "r", "s", "+", "bg", "br", "bs", "b+", "g+", "s+", "bg+", "br+", "bs+"}) {
    INFO(steps);
    Layer layer;
    Tensor y = layer.build(steps);
    REQUIRE(layer.ops({y}) == "matmul");
    check_close(run(layer.graph, layer.inputs(), y), layer.want(steps), kProduct);
  }
}

TEST_CASE("fuse keeps the order of what it folds") {
  struct Chain {
    const char *steps, *ops;
  };
  for (const Chain chain : {Chain{"gb", "matmul add"},
                            {"+b", "matmul add"},
                            {"+g", "matmul gelu"},
                            {"bb", "matmul add"},
                            {"gr", "matmul relu"},
                            {"gs", "matmul silu"},
                            {"sb", "matmul add"},
                            {"bg+r", "matmul relu"},
                            {"++", "matmul add"}}) {
    INFO(chain.steps);
    Layer layer;
    Tensor y = layer.build(chain.steps);
    const std::string left = layer.ops({y});
    REQUIRE(left.find("matmul ") == 0);
    REQUIRE(std::count(left.begin(), left.end(), ' ') == 1);
    check_close(run(layer.graph, layer.inputs(), y), layer.want(chain.steps), kProduct);
  }
}

TEST_CASE("fuse takes a residual from either side") {
  Layer layer;
  Tensor y = add(layer.residual, layer.build("b"));
  REQUIRE(layer.ops({y}) == "matmul");
  check_close(run(layer.graph, layer.inputs(), y), layer.want("b+"), kProduct);
}

TEST_CASE("fuse leaves a value alone that something else reads") {
  Layer layer;
  Tensor inner = layer.build("b");
  Tensor y = gelu(inner);
  SECTION("an output of the plan") {
    REQUIRE(layer.ops({y, inner}) == "matmul gelu");
    const std::vector<Values> got = run_all(layer.graph, layer.inputs(), {y, inner});
    check_close(std::get<std::vector<float>>(got[0]), layer.want("bg"), kProduct);
    check_close(std::get<std::vector<float>>(got[1]), layer.want("b"), kProduct);
  }
  SECTION("a second reader") {
    Tensor z = add(y, inner);
    REQUIRE(layer.ops({z}) == "matmul gelu add");
    std::vector<double> want = layer.want("bg");
    const std::vector<double> second = layer.want("b");
    for (size_t i = 0; i < want.size(); ++i) want[i] += second[i];
    check_close(run(layer.graph, layer.inputs(), z), want, kProduct);
  }
  SECTION("a view of it") {
    Tensor part = scale(slice(inner, 0, 1, 2), 2);
    REQUIRE(layer.ops({y, part}).find("gelu") != std::string::npos);
    check_close(run(layer.graph, layer.inputs(), y), layer.want("bg"), kProduct);
  }
}

TEST_CASE("fuse folds a product added to itself once at most") {
  Layer layer;
  Tensor product = layer.build("");
  Tensor y = add(product, product);
  REQUIRE(layer.ops({y}) == "matmul add");
  std::vector<double> want = layer.want("");
  for (double& value : want) value *= 2;
  check_close(run(layer.graph, layer.inputs(), y), want, kProduct);
}

TEST_CASE("fuse adds one product to another") {
  Layer layer;
  Tensor first = layer.build("b"), second = layer.build("r");
  Tensor y = add(first, second);
  REQUIRE(layer.ops({y}) == "matmul matmul");
  std::vector<double> want = layer.want("b");
  const std::vector<double> other = layer.want("r");
  for (size_t i = 0; i < want.size(); ++i) want[i] += other[i];
  check_close(run(layer.graph, layer.inputs(), y), want, kProduct);
}

TEST_CASE("a plan prints what was folded") {
  Layer layer;
  Plan plan(device(), layer.graph, {layer.build("bg+")});
  REQUIRE(plan.dispatches() == 2);  // pack and matmul
  const std::string text = plan.print();
  INFO(text);
  REQUIRE(text.find("bias gelu residual") != std::string::npos);
  REQUIRE(text.find("k 9") != std::string::npos);
  REQUIRE(text.find("2 steps, 2 dispatches, 1 barriers") != std::string::npos);
}

TEST_CASE("fuse does not move a product past an update of the state it reads") {
  State kept(device(), {2, 4});
  kept.write(std::vector<float>(8, 1));
  Graph graph;
  Tensor w = graph.input({4, 4}), later = graph.input({2, 4});
  Tensor product = matmul(graph.use(kept), w);
  assign(kept, later);
  Tensor y = relu(product);
  Plan plan(device(), graph, {y});
  std::vector<float> identity(16, 0);
  for (size_t i = 0; i < 4; ++i) identity[i * 5] = 1;
  plan.write(w, identity);
  plan.write(later, std::vector<float>(8, 5));
  plan.run();
  CHECK(plan.read(y) == std::vector<float>(8, 1));
  CHECK(kept.read() == std::vector<float>(8, 5));
}
