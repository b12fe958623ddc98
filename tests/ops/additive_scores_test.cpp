#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

struct Sizes {
  int64_t batch, queries, keys, hidden;
  Shape q() const { return {batch, queries, hidden}; }
  Shape k() const { return {batch, keys, hidden}; }
};

// inputs: q, k, w
std::vector<double> reference(const Sizes& n, const Operands& inputs) {
  std::vector<double> y;
  for (int64_t b = 0; b < n.batch; ++b)
    for (int64_t i = 0; i < n.queries; ++i)
      for (int64_t j = 0; j < n.keys; ++j) {
        double sum = 0;
        for (int64_t h = 0; h < n.hidden; ++h)
          sum += inputs[2][size_t(h)] * std::tanh(inputs[0][size_t((b * n.queries + i) * n.hidden + h)] +
                                                  inputs[1][size_t((b * n.keys + j) * n.hidden + h)]);
        y.push_back(sum);
      }
  return y;
}

struct Made {
  Graph graph;
  Tensor q, k, w, y;
  std::vector<std::vector<float>> values;
  std::vector<Input> inputs;
  explicit Made(const Sizes& n, float size = 2)
      : q(graph.input(n.q())), k(graph.input(n.k())), w(graph.input({n.hidden})) {
    for (const Tensor& x : {q, k, w}) {
      values.push_back(random_values(x.shape().elements(), uint32_t(x.id) + 3, -size, size));
      inputs.push_back({x, values.back()});
    }
    y = additive_scores(q, k, w);
  }
  Operands operands() const { return {widened(values[0]), widened(values[1]), widened(values[2])}; }
};

const std::vector<Sizes> kEdges = {{1, 1, 1, 1},   {1, 1, 3, 7},   {2, 3, 4, 5},  {2, 4, 5, 8},
                                   {3, 5, 7, 9},   {1, 8, 8, 4},   {2, 9, 9, 3},  {1, 4, 15, 16},
                                   {2, 5, 17, 17}, {5, 1, 10, 31}, {1, 2, 31, 2}, {1, 13, 33, 1}};

}  // namespace

TEST_CASE("additive_scores match the double loop at every edge") {
  for (const Sizes& n : kEdges) {
    INFO(n.batch << " " << n.queries << " " << n.keys << " " << n.hidden);
    Made x(n);
    REQUIRE(x.y.shape() == Shape{n.batch, n.queries, n.keys});
    check_close(run(x.graph, x.inputs, x.y), reference(n, x.operands()), kProduct);
  }
}

TEST_CASE(
    "additive_scores have all their digits where the sums are small, and none beyond where they are large") {
  for (float size : {1e-4f, 0.3f, 12.0f, 300.0f}) {
    const Sizes n{1, 5, 9, 11};
    Made x(n, size);
    check_close(run(x.graph, x.inputs, x.y), reference(n, x.operands()), kProduct);
  }
}

TEST_CASE("gradients of additive_scores are those of the formula, three times the same") {
  for (const Sizes& n : kEdges) {
    INFO(n.batch << " " << n.queries << " " << n.keys << " " << n.hidden);
    Made x(n);
    const Tensor dy = x.graph.input(x.y.shape());
    const std::vector<float> dy_values = random_values(dy.shape().elements(), 8);
    x.inputs.push_back({dy, dy_values});
    const std::vector<Values> got = run_all(x.graph, x.inputs, x.graph.grad(x.y, {x.q, x.k, x.w}, dy));
    const auto f = [&](const Operands& inputs) { return reference(n, inputs); };
    for (size_t which = 0; which < 3; ++which)
      check_close(std::get<std::vector<float>>(got[which]), gradient(f, x.operands(), dy_values, which),
                  kProduct);
  }
}

TEST_CASE("additive_scores take views of one projection, and give it one gradient") {
  const Sizes n{2, 5, 5, 6};
  Graph graph;
  const Tensor both = graph.input({2, 5, 12}), w = graph.input({6}), dy = graph.input({2, 5, 5});
  const std::vector<float> values = random_values(120, 1), weights = random_values(6, 2);
  const std::vector<float> dy_values = random_values(50, 3);
  const Tensor y = additive_scores(slice(both, 2, 0, 6), slice(both, 2, 6, 6), w);
  const auto f = [&](const Operands& inputs) {
    Operands parts(2);
    for (size_t i = 0; i < 120; ++i) parts[i % 12 / 6].push_back(inputs[0][i]);
    return reference(n, {parts[0], parts[1], widened(weights)});
  };
  const std::vector<Values> got =
      run_all(graph, {{both, values}, {w, weights}, {dy, dy_values}}, {y, graph.grad(y, {both}, dy).front()});
  check_close(std::get<std::vector<float>>(got[0]), f({widened(values)}), kProduct);
  check_close(std::get<std::vector<float>>(got[1]), gradient(f, {widened(values)}, dy_values), kProduct);
}

TEST_CASE("additive_scores take keys whose rows have gaps, and a gradient that lies otherwise") {
  const Sizes n{2, 3, 5, 4};
  Made x(n);
  Graph graph;
  const Tensor q = graph.input({2, 3, 4}), turned = graph.input({2, 4, 5}), w = graph.input({4});
  const Tensor dy = graph.input({2, 5, 3});
  std::vector<float> columns(40);
  for (size_t i = 0; i < 40; ++i) columns[i / 20 * 20 + i % 4 * 5 + i / 4 % 5] = x.values[1][i];
  const std::vector<float> dy_values = random_values(30, 3);
  const Tensor y = additive_scores(q, transpose(turned), w);
  const std::vector<Input> inputs = {{q, x.values[0]}, {turned, columns}, {w, x.values[2]}, {dy, dy_values}};
  const std::vector<Values> got = run_all(graph, inputs, {y, graph.grad(y, {q}, transpose(dy)).front()});
  check_close(std::get<std::vector<float>>(got[0]), reference(n, x.operands()), kProduct);
  std::vector<float> dy_rows(30);
  for (size_t i = 0; i < 30; ++i) dy_rows[i / 15 * 15 + i % 3 * 5 + i / 3 % 5] = dy_values[i];
  const auto f = [&](const Operands& operands) { return reference(n, operands); };
  check_close(std::get<std::vector<float>>(got[1]), gradient(f, x.operands(), dy_rows), kProduct);
}

TEST_CASE("additive_scores keep NaN where it belongs, and infinities have a tanh") {
  const Sizes n{1, 5, 9, 3};
  Made x(n);
  x.values[0][2 * 3 + 1] = NAN;    // query 2
  x.values[1][7 * 3 + 2] = NAN;    // key 7
  x.values[0][4 * 3] = kInf;       // query 4
  x.values[1][8 * 3 + 1] = -kInf;  // key 8
  x.inputs = {{x.q, x.values[0]}, {x.k, x.values[1]}, {x.w, x.values[2]}};
  const std::vector<double> want = reference(n, x.operands());
  REQUIRE(std::isnan(want[2 * 9]));
  REQUIRE(std::isfinite(want[4 * 9 + 8]));
  check_close(run(x.graph, x.inputs, x.y), want, kProduct);
}

TEST_CASE("additive_scores keep nothing of the size (queries, keys, hidden)") {
  Graph graph;
  const Tensor q = graph.input({1, 64, 64}), k = graph.input({1, 64, 64}), w = graph.input({64});
  const Tensor loss = sum(reshape(additive_scores(q, k, w), {64 * 64}));
  const Plan plan(device(), graph, graph.grad(loss, {q, k, w}));
  REQUIRE(plan.arena_bytes() < 64 * 64 * 64 * 4 / 2);
}

TEST_CASE("additive_scores reject what does not fit") {
  Graph graph;
  const Tensor q = graph.input({2, 3, 4}), k = graph.input({2, 5, 4}), w = graph.input({4});
  const Tensor ids = graph.input({4}, DType::u32);
  check_rejects([&] { additive_scores(w, k, w); }, {"additive_scores", "(batch, rows, hidden)", "(4)"});
  check_rejects([&] { additive_scores(q, graph.input({2, 5, 3}), w); },
                {"additive_scores", "(2, 3, 4)", "(2, 5, 3)"});
  check_rejects([&] { additive_scores(q, graph.input({1, 5, 4}), w); },
                {"additive_scores", "(2, 3, 4)", "(1, 5, 4)"});
  check_rejects([&] { additive_scores(q, k, graph.input({5})); }, {"additive_scores", "(5)", "(4)"});
  check_rejects([&] { additive_scores(q, k, ids); }, {"additive_scores", "u32", "f32"});
  check_rejects([&] { additive_scores(Tensor(), k, w); }, {"additive_scores", "absent"});
}
