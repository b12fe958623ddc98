// The textbook's kernel regression (Nadaraya 1964, Watson 1964): trained as PyTorch trains it, from the same
// data and start; tools/make_golden_scores recorded it.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "fovea/scores.hpp"
#include "fovea/train.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Recorded {
  std::vector<float> x, y, others_x,
      others_y;  // (points), and for each point the others: (points, points - 1)
  float w;
  std::vector<double> losses, ws;
  int64_t points() const { return int64_t(x.size()); }
};

Recorded recorded() {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/golden/scores/regression.json");
  const nlohmann::json made = nlohmann::json::parse(file);
  Recorded data{.x = made.at("x").get<std::vector<float>>(),
                .y = made.at("y").get<std::vector<float>>(),
                .w = made.at("w").get<float>(),
                .losses = made.at("losses").get<std::vector<double>>(),
                .ws = made.at("ws").get<std::vector<double>>()};
  for (size_t i = 0; i < data.x.size(); ++i)
    for (size_t j = 0; j < data.x.size(); ++j) {
      if (i == j) continue;
      data.others_x.push_back(data.x[j]);
      data.others_y.push_back(data.y[j]);
    }
  return data;
}

}  // namespace

TEST_CASE("kernel regression trains as PyTorch does") {
  const Recorded data = recorded();
  const int64_t n = data.points();
  DistanceScore score(device(), data.w);
  Parameters parameters;
  score.parameters("w", parameters);
  Graph graph;
  const Tensor q = graph.input({n, 1, 1}), k = graph.input({n, n - 1, 1}), v = graph.input({n, n - 1, 1});
  const Tensor y = graph.input({n, 1, 1});
  const Tensor out = attend(q, k, v, {.score = score}).out;    // (points, 1, 1)
  const Tensor loss = sum(reshape(square(sub(out, y)), {n}));  // (1)
  Optimizer optimizer(device(), parameters, {.kind = OptimizerOptions::Kind::sgd, .momentum = 0});
  const Optimizer::Step step = optimizer.step(loss);
  Plan plan(device(), graph, {loss, step.norm});
  plan.write(q, data.x);
  plan.write(k, data.others_x);
  plan.write(v, data.others_y);
  plan.write(y, data.y);
  std::vector<double> losses;
  for (size_t epoch = 0; epoch < data.losses.size(); ++epoch) {
    plan.write(step.control, optimizer.control(0.5f));
    plan.run();
    optimizer.finish(plan.read(step.norm)[0]);
    losses.push_back(double(plan.read(loss)[0]));
    const double w = double(parameters[0].state->read()[0]);
    INFO("epoch " << epoch + 1 << ": loss " << losses.back() << ", w " << w);
    CHECK(std::abs(losses.back() - data.losses[epoch]) <= 1e-4 * data.losses[epoch]);
    CHECK(std::abs(w - data.ws[epoch]) <= 1e-4 * std::abs(data.ws[epoch]));
  }
  CHECK(losses.back() < 0.6 * losses.front());
  CHECK(std::abs(parameters[0].state->read()[0]) > std::abs(data.w));
  REQUIRE(device().validation_messages().empty());
}

TEST_CASE("average pooling of the same data is a flat line, and a kernel follows its points") {
  const Recorded data = recorded();
  const int64_t n = data.points();
  std::vector<float> places;
  for (int i = 0; i < 50; ++i) places.push_back(float(i) * 0.1f);
  Graph graph;
  const Tensor q = graph.input({1, 50, 1}), k = graph.input({1, n, 1}), v = graph.input({1, n, 1});
  const std::vector<Values> got = run_all(
      graph, {{q, places}, {k, data.x}, {v, data.y}},
      {attend(q, k, v, {.score = UniformScore()}).out, attend(q, k, v, {.score = DistanceScore()}).out});
  double mean = 0;
  for (const float value : data.y) mean += double(value) / double(n);
  check_close(std::get<std::vector<float>>(got[0]), std::vector<double>(50, mean), kRow);
  std::vector<double> want;
  for (const float place : places) {
    double total = 0, sum = 0;
    for (size_t j = 0; j < data.x.size(); ++j) {
      const double weight = std::exp(-std::pow(double(place) - double(data.x[j]), 2) / 2);
      total += weight;
      sum += weight * double(data.y[j]);
    }
    want.push_back(sum / total);
  }
  check_close(std::get<std::vector<float>>(got[1]), want, kRow);
}
