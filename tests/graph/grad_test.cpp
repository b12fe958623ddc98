#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "fovea/op.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("grad of a perceptron matches its derivatives written out") {
  // y = sum(relu(x w + b)^2), (5, 7) x (7, 3)
  Graph graph;
  Tensor x = graph.input({5, 7}), w = graph.input({7, 3}), b = graph.input({3});
  const std::vector<float> xs = random_values(35, 1), ws = random_values(21, 2), bs = random_values(3, 3);
  const Tensor h = matmul(x, w, {.bias = b, .activation = Activation::relu});
  const Tensor y = sum(sum(mul(h, h), 0), 1);
  const std::vector<Tensor> gradients = graph.grad(y, {x, w, b});
  std::vector<double> dx(35), dw(21), db(3);
  for (size_t r = 0; r < 5; ++r)
    for (size_t c = 0; c < 3; ++c) {
      double made = double(bs[c]);
      for (size_t i = 0; i < 7; ++i) made += double(xs[r * 7 + i]) * double(ws[i * 3 + c]);
      const double dmade = 2 * std::max(made, 0.0);
      db[c] += dmade;
      for (size_t i = 0; i < 7; ++i) {
        dw[i * 3 + c] += dmade * double(xs[r * 7 + i]);
        dx[r * 7 + i] += dmade * double(ws[i * 3 + c]);
      }
    }
  const std::vector<Input> inputs = {{x, xs}, {w, ws}, {b, bs}};
  check_close(run(graph, inputs, gradients[0]), dx, kProduct);
  check_close(run(graph, inputs, gradients[1]), dw, kProduct);
  check_close(run(graph, inputs, gradients[2]), db, kProduct);
}

TEST_CASE("grad adds what several uses of a value give") {
  Graph graph;
  Tensor x = graph.input({6}), dy = graph.input({6});
  const std::vector<float> xs = random_values(6, 4), dys = random_values(6, 5);
  const Tensor y = add(mul(x, x), scale(x, 3));
  std::vector<double> want(6);
  for (size_t i = 0; i < 6; ++i) want[i] = double(dys[i]) * (2 * double(xs[i]) + 3);
  check_close(run(graph, {{x, xs}, {dy, dys}}, graph.grad(y, {x}, dy)[0]), want, kElementwise);
}

TEST_CASE("grad goes back through views") {
  Graph graph;
  Tensor x = graph.input({2, 3, 4}), dy = graph.input({4, 2});
  const std::vector<float> xs = random_values(24, 6), dys = random_values(8, 7);
  const Tensor row = slice(permute(x, {2, 0, 1}), 2, 1, 1);  // (4, 2, 1)
  const Tensor dx = graph.grad(reshape(row, {4, 2}), {x}, dy)[0];
  std::vector<double> want(24);
  for (size_t i = 0; i < 2; ++i)
    for (size_t j = 0; j < 4; ++j) want[i * 12 + 4 + j] = double(dys[j * 2 + i]);
  check_close(run(graph, {{x, xs}, {dy, dys}}, dx), want, kExact);
}

TEST_CASE("grad of an expanded tensor is the sum over what it repeats") {
  Graph graph;
  Tensor x = graph.input({3, 1}), dy = graph.input({2, 3, 5});
  const std::vector<float> xs = random_values(3, 8), dys = random_values(30, 9);
  const Tensor dx = graph.grad(expand(x, {2, 3, 5}), {x}, dy)[0];
  std::vector<double> want(3);
  for (size_t i = 0; i < 30; ++i) want[i / 5 % 3] += double(dys[i]);
  check_close(run(graph, {{x, xs}, {dy, dys}}, dx), want, kRow);
}

TEST_CASE("slices that cover a value become one concat, others are padded") {
  for (const bool all : {true, false}) {
    Graph graph;
    Tensor x = graph.input({2, 9});
    const std::vector<float> xs = random_values(18, 10);
    Tensor y = mul(slice(x, 1, 6, 3), slice(x, 1, 0, 3));
    if (all) y = mul(y, slice(x, 1, 3, 3));
    const Tensor loss = sum(sum(y, 0), 1);
    const Tensor dx = graph.grad(loss, {x})[0];
    int joined = 0, padded = 0;
    for (const Node& node : graph.nodes()) {
      joined += node.spec.op == "concat";
      padded += node.spec.op == "pad";
    }
    REQUIRE(joined == (all ? 1 : 0));
    REQUIRE(padded == (all ? 0 : 2));
    std::vector<double> want(18, 0.0);
    for (size_t r = 0; r < 2; ++r)
      for (size_t c = 0; c < 3; ++c) {
        const double a = double(xs[r * 9 + c]), b = all ? double(xs[r * 9 + 3 + c]) : 1,
                     d = double(xs[r * 9 + 6 + c]);
        want[r * 9 + c] = b * d;
        if (all) want[r * 9 + 3 + c] = a * d;
        want[r * 9 + 6 + c] = a * b;
      }
    check_close(run(graph, {{x, xs}}, dx), want, kElementwise);
  }
}

TEST_CASE("grad of products: shared weights, batches and strided operands") {
  Graph graph;
  Tensor a = graph.input({2, 3, 5}), w = graph.input({5, 4}), c = graph.input({2, 6, 4});
  Tensor dy = graph.input({2, 3, 6});
  const std::vector<float> as = random_values(30, 11), ws = random_values(20, 12), cs = random_values(48, 13),
                           dys = random_values(36, 14);
  const Tensor y = matmul(matmul(a, w), transpose(c));  // (2, 3, 6)
  const std::vector<Tensor> gradients = graph.grad(y, {a, w, c}, dy);
  std::vector<double> da(30), dw(20), dc(48);
  for (size_t n = 0; n < 2; ++n)
    for (size_t i = 0; i < 3; ++i)
      for (size_t j = 0; j < 6; ++j)
        for (size_t l = 0; l < 5; ++l)
          for (size_t k = 0; k < 4; ++k) {
            const double dy_here = double(dys[(n * 3 + i) * 6 + j]), left = double(as[(n * 3 + i) * 5 + l]),
                         mid = double(ws[l * 4 + k]), right = double(cs[(n * 6 + j) * 4 + k]);
            da[(n * 3 + i) * 5 + l] += dy_here * mid * right;
            dw[l * 4 + k] += dy_here * left * right;
            dc[(n * 6 + j) * 4 + k] += dy_here * left * mid;
          }
  const std::vector<Input> inputs = {{a, as}, {w, ws}, {c, cs}, {dy, dys}};
  check_close(run(graph, inputs, gradients[0]), da, kProduct);
  check_close(run(graph, inputs, gradients[1]), dw, kProduct);
  check_close(run(graph, inputs, gradients[2]), dc, kProduct);
}

TEST_CASE("what no gradient needs is not computed, and products keep their epilogues") {
  Graph graph;
  Tensor x = graph.input({8, 16}), w = graph.input({16, 4}), b = graph.input({4});
  const Tensor y = sum(sum(matmul(x, w, {.bias = b, .activation = Activation::relu}), 0), 1);
  const Tensor dw = graph.grad(y, {w})[0];
  const Plan plan(device(), graph, {dw});
  REQUIRE(plan.print().find("k 16 bias relu") != std::string::npos);
  REQUIRE(plan.print().find("k 4 ") == std::string::npos);  // dx = dy w^T
}

TEST_CASE("a State has one handle in a graph, and its gradient collects all uses") {
  State weights(device(), {3});
  weights.write(std::vector<float>{1, 2, 3});
  Graph graph;
  REQUIRE(graph.use(weights).id == graph.use(weights).id);
  const Tensor y = sum(mul(graph.use(weights), graph.use(weights)), 0);
  check_close(run(graph, {}, graph.grad(y, {graph.use(weights)})[0]), {2, 4, 6}, kExact);
}

TEST_CASE("grad rejects what has no gradient") {
  Graph graph, other;
  Tensor x = graph.input({4}), z = graph.input({4});
  const Tensor y = mul(x, x);
  check_rejects([&] { graph.grad(y, {x}); }, {"grad", "(4)", "not one number"});
  check_rejects([&] { graph.grad(y, {x}, graph.input({3})); }, {"grad", "dy (3)", "(4)"});
  check_rejects([&] { graph.grad(sum(y), {z}); }, {"grad", "does not depend", "(4)"});
  check_rejects([&] { graph.grad(other.input({1}), {x}); }, {"grad", "another graph"});
  check_rejects([&] { graph.grad(top_k(x, 1).values, {x}); }, {"grad", "top_k", "no gradient"});
  Graph updated;
  State weights(device(), {4}), generator(device(), {4}, DType::u32);
  const Tensor loss = sum(mul(updated.use(weights), updated.use(weights)));
  updated.use(generator);
  advance(updated, generator);
  check_rejects([&] { updated.grad(loss, {updated.use(weights)}); }, {"grad", "advance has changed", "(4)"});
  Tensor w = graph.use(State(device(), {4, 4}, DType::f32, Layout::panels));
  Tensor a = graph.input({2, 4});
  check_rejects([&] { graph.grad(sum(sum(matmul(a, w), 0), 1), {a}); }, {"matmul", "panels"});
}
