// Scores on their own: each beside a double-precision loop over pairs, and PyTorch's additive layer.
#include "fovea/scores.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/golden.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// The score of one query and one key.
using Pair = std::function<double(const std::vector<double>& q, const std::vector<double>& k)>;

struct Sizes {
  int64_t batch, queries, keys, q_width, k_width;
};

std::vector<double> reference(const Sizes& n, const Pair& pair, const Operands& inputs) {
  std::vector<double> y;
  const auto row = [](const std::vector<double>& x, int64_t at, int64_t width) {
    return std::vector<double>(x.begin() + at * width, x.begin() + (at + 1) * width);
  };
  for (int64_t b = 0; b < n.batch; ++b)
    for (int64_t i = 0; i < n.queries; ++i)
      for (int64_t j = 0; j < n.keys; ++j)
        y.push_back(
            pair(row(inputs[0], b * n.queries + i, n.q_width), row(inputs[1], b * n.keys + j, n.k_width)));
  return y;
}

// The score and its gradients with respect to queries and keys.
void check_score(const Score& score, const Pair& pair, const Sizes& n, bool gradients = true) {
  INFO(n.batch << " " << n.queries << " " << n.keys << " " << n.q_width << " " << n.k_width);
  Graph graph;
  const Tensor q = graph.input({n.batch, n.queries, n.q_width}),
               k = graph.input({n.batch, n.keys, n.k_width});
  const Tensor y = score(q, k), dy = graph.input({n.batch, n.queries, n.keys});
  REQUIRE(y.shape() == dy.shape());
  const std::vector<float> q_values = random_values(q.shape().elements(), 1, -2, 2);
  const std::vector<float> k_values = random_values(k.shape().elements(), 2, -2, 2);
  const std::vector<float> dy_values = random_values(dy.shape().elements(), 3);
  std::vector<Tensor> made{y};
  if (gradients) {
    for (const Tensor& dx : graph.grad(y, {q, k}, dy)) made.push_back(dx);
  }
  std::vector<Input> inputs = {{q, q_values}, {k, k_values}};
  if (gradients) inputs.push_back({dy, dy_values});
  const std::vector<Values> got = run_all(graph, inputs, made);
  const Operands operands{widened(q_values), widened(k_values)};
  const auto f = [&](const Operands& each) { return reference(n, pair, each); };
  check_close(std::get<std::vector<float>>(got[0]), f(operands), kProduct);
  for (size_t which = 0; which + 1 < got.size(); ++which)
    check_close(std::get<std::vector<float>>(got[which + 1]), gradient(f, operands, dy_values, which),
                kProduct);
}

// The score of one query and one key by its parameters, in the order of parameters().
using Formula =
    std::function<double(const std::vector<double>& q, const std::vector<double>& k, const Operands& learnt)>;

// Gradients of what the score learns.
void check_parameters(Score& score, const Formula& formula, const Sizes& n) {
  Parameters all;
  score.parameters("score", all);
  Graph graph;
  const Tensor q = graph.input({n.batch, n.queries, n.q_width}),
               k = graph.input({n.batch, n.keys, n.k_width});
  const Tensor y = score(q, k), dy = graph.input(y.shape());
  const std::vector<float> q_values = random_values(q.shape().elements(), 1, -2, 2),
                           k_values = random_values(k.shape().elements(), 2, -2, 2),
                           dy_values = random_values(dy.shape().elements(), 3);
  std::vector<Tensor> learnt;
  Operands values;
  for (const Parameter& parameter : all) {
    learnt.push_back(graph.use(*parameter.state));
    values.push_back(widened(parameter.state->read()));
  }
  const std::vector<Values> got =
      run_all(graph, {{q, q_values}, {k, k_values}, {dy, dy_values}}, graph.grad(y, learnt, dy));
  const auto f = [&](const Operands& each) {
    const auto pair = [&](const auto& one, const auto& other) { return formula(one, other, each); };
    return reference(n, pair, {widened(q_values), widened(k_values)});
  };
  for (size_t which = 0; which < all.size(); ++which) {
    INFO(all[which].name);
    check_close(std::get<std::vector<float>>(got[which]), gradient(f, values, dy_values, which), kProduct);
  }
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b.at(i);
  return sum;
}
double square_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b.at(i)) * (a[i] - b.at(i));
  return sum;
}

// Products behind a softmax of products.
constexpr Tolerance kLayer{1e-11, 1e-5};

const std::vector<Sizes> kOneWidth = {{1, 1, 1, 1, 1}, {2, 3, 7, 1, 1}, {2, 5, 3, 2, 2}, {1, 8, 9, 5, 5}};
const std::vector<Sizes> kTwoWidths = {{1, 1, 1, 1, 2}, {2, 3, 7, 4, 5}, {2, 9, 3, 8, 3}};

}  // namespace

TEST_CASE("the uniform score is 1 for every pair") {
  Graph graph;
  const Tensor y = UniformScore()(graph.input({2, 3, 4}), graph.input({2, 5, 6}));
  CHECK(run(graph, {}, y) == std::vector<float>(30, 1));
}

TEST_CASE("scores by distance match their formulas, and so do their gradients") {
  for (const Sizes& n : kOneWidth)
    for (const float width : {0.5f, 1.0f, 2.0f}) {
      const double w = double(width);
      check_score(
          KernelScore(KernelScore::Kind::gaussian, width),
          [&](const auto& q, const auto& k) { return std::exp(-square_distance(q, k) / (w * w) / 2); }, n);
      check_score(
          KernelScore(KernelScore::Kind::boxcar, width),
          [&](const auto& q, const auto& k) { return std::sqrt(square_distance(q, k)) < w ? 1.0 : 0.0; }, n,
          false);
      check_score(
          KernelScore(KernelScore::Kind::epanechnikov, width),
          [&](const auto& q, const auto& k) {
            return std::max(1 - std::sqrt(square_distance(q, k)) / w, 0.0);
          },
          n);
      check_score(
          DistanceScore(device(), width),
          [&](const auto& q, const auto& k) { return -w * w * square_distance(q, k) / 2; }, n);
    }
  for (const Sizes& n : kOneWidth) {
    check_score(DistanceScore(), [](const auto& q, const auto& k) { return -square_distance(q, k) / 2; }, n);
    check_score(KeyNormScore(), [](const auto& q, const auto& k) { return dot(q, k) - dot(k, k) / 2; }, n);
  }
}

TEST_CASE("distances of near pairs keep their digits, and a kernel's slope at its own key is no NaN") {
  Graph graph;
  const Tensor x = graph.input({1, 2, 3});
  const std::vector<float> values = {1000, 1000, 1000, 1000.001f, 1000, 1000};
  const double apart = double(values[3]) - 1000;
  check_close(run(graph, {{x, values}}, DistanceScore()(x, x)),
              {0, -apart * apart / 2, -apart * apart / 2, 0}, kElementwise);
  const Tensor y = KernelScore(KernelScore::Kind::epanechnikov)(x, x), dy = graph.input({1, 2, 2});
  for (const float slope :
       run(graph, {{x, values}, {dy, std::vector<float>(4, 1)}}, graph.grad(y, {x}, dy)[0]))
    CHECK(std::isfinite(slope));
}

TEST_CASE("the learnt width of a kernel has the gradient of its formula") {
  for (const Sizes& n : kOneWidth) {
    DistanceScore score(device(), 0.7f);
    const auto formula = [](const auto& q, const auto& k, const Operands& learnt) {
      return -learnt[0][0] * learnt[0][0] * square_distance(q, k) / 2;
    };
    check_parameters(score, formula, n);
  }
}

TEST_CASE("dot, scaled and bilinear scores match their formulas, and so do their gradients") {
  for (const Sizes& n : kOneWidth) {
    check_score(DotScore(false), [](const auto& q, const auto& k) { return dot(q, k); }, n);
    check_score(
        DotScore(), [](const auto& q, const auto& k) { return dot(q, k) / std::sqrt(double(q.size())); }, n);
  }
  for (const Sizes& n : kTwoWidths) {
    BilinearScore score(device(), {.q_width = n.q_width, .k_width = n.k_width, .seed = 4});
    Parameters all;
    score.parameters("score", all);
    REQUIRE(all.size() == 1);
    CHECK(all[0].name == "score.keys.weight");
    const auto formula = [](const auto& q, const auto& k, const Operands& learnt) {
      double sum = 0;
      for (size_t i = 0; i < q.size(); ++i)
        for (size_t j = 0; j < k.size(); ++j) sum += q[i] * learnt[0][i * k.size() + j] * k[j];
      return sum;
    };
    const Operands w{widened(all[0].state->read())};
    check_score(score, [&](const auto& q, const auto& k) { return formula(q, k, w); }, n);
    check_parameters(score, formula, n);
  }
}

TEST_CASE("additive scores match their formula, and so do their gradients") {
  for (const Sizes& n : kTwoWidths) {
    constexpr size_t hidden = 6;
    AdditiveScore score(device(), {.q_width = n.q_width, .k_width = n.k_width, .hidden = hidden, .seed = 4});
    Parameters all;
    score.parameters("score", all);
    REQUIRE(all.size() == 3);
    CHECK(all[0].name + " " + all[1].name + " " + all[2].name ==
          "score.queries.weight score.keys.weight score.w");
    const auto formula = [](const auto& q, const auto& k, const Operands& learnt) {
      double sum = 0;
      for (size_t h = 0; h < hidden; ++h) {
        double inside = 0;
        for (size_t i = 0; i < q.size(); ++i) inside += learnt[0][h * q.size() + i] * q[i];
        for (size_t j = 0; j < k.size(); ++j) inside += learnt[1][h * k.size() + j] * k[j];
        sum += learnt[2][h] * std::tanh(inside);
      }
      return sum;
    };
    Operands learnt;
    for (const Parameter& parameter : all) learnt.push_back(widened(parameter.state->read()));
    check_score(score, [&](const auto& q, const auto& k) { return formula(q, k, learnt); }, n);
    check_parameters(score, formula, n);
  }
}

TEST_CASE("fresh scores are the same for a seed, differ for another, and stay within their bound") {
  const auto values = [](uint64_t seed) {
    AdditiveScore score(device(), {.q_width = 9, .k_width = 16, .hidden = 25, .seed = seed});
    Parameters all;
    score.parameters("score", all);
    std::vector<std::vector<float>> parts;
    for (const Parameter& parameter : all) parts.push_back(parameter.state->read());
    return parts;
  };
  const auto first = values(1);
  CHECK(first == values(1));
  CHECK(first != values(2));
  const double bounds[] = {1. / 3, 1. / 4, 1. / 5};  // 1 / sqrt(in)
  for (size_t part = 0; part < 3; ++part) {
    double largest = 0, sum = 0;
    for (const float value : first[part]) {
      largest = std::max(largest, std::abs(double(value)));
      sum += double(value);
    }
    CHECK(largest <= bounds[part]);
    CHECK(largest > 0.8 * bounds[part]);
    CHECK(std::abs(sum / double(first[part].size())) < 0.3 * bounds[part]);
  }
}

TEST_CASE("scores are the same by way of a memory of the keys") {
  Graph graph;
  const Tensor q = graph.input({2, 3, 4}), k = graph.input({2, 5, 6});
  const BilinearScore bilinear(device(), {.q_width = 4, .k_width = 6});
  const AdditiveScore additive(device(), {.q_width = 4, .k_width = 6, .hidden = 7});
  for (const Score* score : {static_cast<const Score*>(&bilinear), static_cast<const Score*>(&additive)}) {
    const std::vector<Values> got = run_all(graph, {{q, random_values(24, 1)}, {k, random_values(60, 2)}},
                                            {(*score)(q, k), score->of(q, score->memory(k))});
    CHECK(std::get<std::vector<float>>(got[0]) == std::get<std::vector<float>>(got[1]));
  }
}

TEST_CASE("additive scores and sparsemax are PyTorch's, and so are their gradients") {
  const SafeTensors file(File(FOVEA_SOURCE_DIR "/tests/golden/scores/scores.safetensors"));
  for (const char* name : {"additive", "additive_wide"}) {
    GoldenCase scores(file, name);
    const Tensor q = scores("q"), k = scores("k"), w = scores("w");
    scores.check(additive_scores(q, k, w), kProduct);
  }
  GoldenCase layer(file, "additive_layer"), plain(file, "sparsemax"), cut(file, "sparsemax_lengths");
  const Tensor q = matmul(layer("q"), transpose(layer("w_q"))),
               k = matmul(layer("k"), transpose(layer("w_k")));
  const Tensor scores = additive_scores(q, k, layer("w"));
  layer.check(matmul(softmax(scores, {.lengths = layer.whole("lengths")}), layer("v")), kLayer);
  plain.check(sparsemax(plain("x")), kRow);
  const Tensor x = cut("x");
  cut.check(sparsemax(x, cut.whole("lengths")), kRow);
}

TEST_CASE("scores reject what does not fit") {
  Graph graph;
  const Tensor q = graph.input({2, 3, 4}), k = graph.input({2, 5, 6}), flat = graph.input({2, 4});
  check_rejects([&] { DotScore()(q, k); }, {"dot score", "(2, 3, 4)", "(2, 5, 6)", "width"});
  check_rejects([&] { DistanceScore()(q, k); }, {"distance score", "(2, 3, 4)", "(2, 5, 6)"});
  check_rejects([&] { KeyNormScore()(q, k); }, {"key norm score", "(2, 3, 4)", "(2, 5, 6)"});
  check_rejects([&] { KernelScore(KernelScore::Kind::boxcar)(q, k); }, {"kernel score", "width"});
  check_rejects([&] { UniformScore()(flat, k); }, {"uniform score", "(2, 4)", "(2, 5, 6)"});
  check_rejects([&] { UniformScore()(graph.input({1, 3, 4}), k); }, {"uniform score", "(1, 3, 4)"});
  check_rejects([&] { KernelScore(KernelScore::Kind::gaussian, 0); }, {"kernel score", "width of 0"});
  check_rejects([&] { BilinearScore(device(), {.q_width = 4}); }, {"score", "0 inputs"});
  const BilinearScore bilinear(device(), {.q_width = 3, .k_width = 6});
  check_rejects([&] { bilinear(q, k); }, {"bilinear score", "(2, 3, 4)", "(2, 5, 3)"});
}
