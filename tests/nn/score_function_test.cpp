// Sampled attention trained by the score-function estimator.
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/scores.hpp"
#include "fovea/train.hpp"
#include "support/gradient.h"
#include "support/philox.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr size_t kKeys = 5;
const std::vector<float> kScores = {0.3f, -1, 0.8f, 0, 0.5f}, kLosses = {2, 0.5f, 4, 1, 3};

struct Exact {
  std::vector<double> chances, gradient;  // of the expected loss
  double loss = 0;
};
Exact exact() {
  Exact y;
  double total = 0;
  for (const float score : kScores) total += std::exp(double(score));
  for (size_t c = 0; c < kKeys; ++c) {
    y.chances.push_back(std::exp(double(kScores[c])) / total);
    y.loss += y.chances[c] * double(kLosses[c]);
  }
  for (size_t c = 0; c < kKeys; ++c) y.gradient.push_back(y.chances[c] * (double(kLosses[c]) - y.loss));
  return y;
}

// Draws for the same scores, each with its own gradient.
struct Draws {
  static constexpr int64_t kCount = 10000;
  State generator = generator_of({12, 0, 0, 0});
  ScoreFunction estimator{device(), 0.5f};
  Graph graph;
  Tensor scores = graph.input({1, kCount, kKeys}), costs = graph.input({kKeys});
  Normalised made = normalise(scores, {.kind = Normaliser::Kind::sampled, .generator = &generator});
  Tensor losses = reshape(sum(mul(made.weights, costs)), {1, kCount});
  Tensor loss = estimator.surrogate(losses, made.log_probs);
  Tensor dscores = graph.grad(loss, {scores}).front();  // (1, count, keys): of each draw, / count
  Tensor baseline = estimator.update(losses);
  Tensor step = advance(graph, generator);
  Plan plan{device(), graph, {loss, losses, made.log_probs, made.weights, dscores, baseline, step}};
  Draws() {
    std::vector<float> values;
    for (int64_t i = 0; i < kCount; ++i) values.insert(values.end(), kScores.begin(), kScores.end());
    plan.write(scores, values);
    plan.write(costs, kLosses);
  }
};

struct Spread {
  double mean = 0, deviation = 0;
};
Spread spread_of(const std::vector<float>& values, size_t column) {
  Spread y;
  const double count = double(values.size() / kKeys);
  for (size_t i = column; i < values.size(); i += kKeys) y.mean += double(values[i]);  // each is / count
  for (size_t i = column; i < values.size(); i += kKeys)
    y.deviation += std::pow(double(values[i]) * count - y.mean, 2);
  y.deviation = std::sqrt(y.deviation / (count - 1));
  return y;
}

}  // namespace

TEST_CASE("the score function's gradient is that of the expected loss, and a baseline makes it steadier") {
  Draws draws;
  const Exact want = exact();
  std::vector<double> deviations;
  for (int run = 0; run < 8; ++run) {  // the first without a baseline, which then comes near the mean loss
    const double baseline = double(draws.estimator.baseline());
    draws.plan.run();
    const std::vector<float> losses = draws.plan.read(draws.losses);
    double mean = 0;
    for (const float loss : losses) mean += double(loss) / Draws::kCount;
    CHECK(std::abs(double(draws.plan.read(draws.loss)[0]) - mean) < 1e-4);
    CHECK(std::abs(double(draws.estimator.baseline()) - (baseline + mean) / 2) < 1e-4);
    CHECK(std::abs(mean - want.loss) < 0.05);
    double total = 0;
    for (size_t c = 0; c < kKeys; ++c) {
      const Spread got = spread_of(draws.plan.read(draws.dscores), c);
      INFO("run " << run << ", key " << c << ": " << got.mean << " for " << want.gradient[c] << ", deviation "
                  << got.deviation);
      CHECK(std::abs(got.mean - want.gradient[c]) < 3 * got.deviation / std::sqrt(double(Draws::kCount)));
      total += got.deviation;
    }
    deviations.push_back(total);
  }
  CHECK(deviations.back() < 0.75 * deviations.front());
}

TEST_CASE("the log-probability of what was drawn is that of its weight") {
  Draws draws;
  draws.plan.run();
  const std::vector<float> weights = draws.plan.read(draws.made.weights);
  const std::vector<float> log_probs = draws.plan.read(draws.made.log_probs);
  const Exact want = exact();
  for (size_t i = 0; i < log_probs.size(); i += 97)
    for (size_t c = 0; c < kKeys; ++c)
      if (weights[i * kKeys + c] > 0)
        CHECK(std::abs(double(log_probs[i]) - std::log(want.chances[c])) < 1e-5);
}

TEST_CASE("what draws from a part of the keys, or from none, has log-probabilities of that part") {
  const State generator = generator_of({3, 0, 0, 0});
  Graph graph;
  const Tensor scores = graph.input({1, 4, 3}), lengths = graph.input({1, 4}, DType::u32),
               dy = graph.input({1, 4});
  const std::vector<float> values = {NAN, 1, 2, 3, NAN, 1, 2, 2, NAN, 1, 1, 1};
  const Normalised y =
      normalise(scores, {.kind = Normaliser::Kind::sampled, .lengths = lengths, .generator = &generator});
  const std::vector<Values> got = run_all(
      graph, {{scores, values}, {lengths, std::vector<uint32_t>{0, 1, 2, 3}}, {dy, std::vector<float>(4, 1)}},
      {y.weights, y.log_probs, graph.grad(y.log_probs, {scores}, dy).front()});
  const std::vector<float> weights = std::get<std::vector<float>>(got[0]);
  check_close(std::get<std::vector<float>>(got[1]), {0, 0, std::log(0.5), std::log(1. / 3)}, kRow);
  std::vector<double> gradients(12, 0);
  for (size_t row = 2; row < 4; ++row)
    for (size_t c = 0; c < row; ++c) gradients[row * 3 + c] = double(weights[row * 3 + c]) - 1 / double(row);
  for (size_t c = 0; c < 3; ++c) {
    CHECK(weights[c] == 0);
    CHECK(weights[3 + c] == (c == 0));
    gradients[9 + c] = double(weights[9 + c]) - 1. / 3;
  }
  check_close(std::get<std::vector<float>>(got[2]), gradients, kRow);
}

TEST_CASE("training by the score function lowers the expected loss") {
  State generator = generator_of({7, 0, 0, 0}), keys(device(), {1, kKeys, 2});
  keys.write(random_values(2 * kKeys, 4));
  Graph graph;
  const Tensor q = graph.input({1, 1, 2}), costs = graph.input({1, kKeys, 1}), k = graph.use(keys);
  const DotScore score;
  const Tensor expected = attend(q, k, costs, {.score = score}).out;  // (1, 1, 1)
  Plan asking(device(), graph, {expected});
  const Normaliser how{.kind = Normaliser::Kind::sampled, .generator = &generator};
  const Attended drawn = attend(expand(q, {1, 64, 2}), k, costs, {.score = score, .normaliser = how});
  const Tensor losses = reshape(drawn.out, {1, 64});
  ScoreFunction estimator(device());
  const Tensor loss = estimator.surrogate(losses, drawn.log_probs);
  Optimizer optimizer(device(), {{"keys", &keys}}, {.kind = OptimizerOptions::Kind::adam});
  const Optimizer::Step update = optimizer.step(loss);
  const Tensor baseline = estimator.update(losses), step = advance(graph, generator);
  Plan training(device(), graph, {loss, update.norm, baseline, step});
  const auto ask = [&](Plan& plan) {
    plan.write(q, std::vector<float>{1, -1});
    plan.write(costs, kLosses);
    plan.run();
  };
  ask(asking);
  const float before = asking.read(expected)[0];
  for (int i = 0; i < 60; ++i) {
    training.write(update.control, optimizer.control(0.1f));
    ask(training);
    optimizer.finish(training.read(update.norm)[0]);
  }
  ask(asking);
  INFO(before << " to " << asking.read(expected)[0]);
  CHECK(before > 1.5f);
  CHECK(asking.read(expected)[0] < 0.7f);  // the least loss of a key is 0.5
}

TEST_CASE("score function rejects what does not fit") {
  check_rejects([] { ScoreFunction(device(), 1); }, {"score function", "decay of 1", "[0, 1)"});
  const ScoreFunction estimator(device());
  Graph graph;
  const Tensor losses = graph.input({2, 3});
  check_rejects([&] { estimator.surrogate(losses, graph.input({2})); }, {"score function", "(2, 3)", "(2)"});
}
