// kernel_regression: attention before it had a name. Nadaraya and Watson (1964) guess y at a new x as the
// mean of the known y, weighed by how near their x lies: queries, keys and values.
//
//   kernel_regression [--examples 50] [--width 1] [--epochs 5] [--pooling distance|additive] [--with-self]
//                     [--out DIR]
//
// First the mean of all (average pooling), then softmax of -((q - k) / width)^2 / 2, then the same with a
// width that is learnt, 1 / w: each example is asked for with the others as keys (--with-self: with itself
// among them, and w runs away, for then copying is best). From a w near 0 it may fall to 0, the mean of all:
// --seed 3. --pooling additive learns w^T tanh(W q + U k) in its place. Last, the kernels of the textbook's
// second edition over 40 points, and the Gaussian one in four widths.
//
// Prints losses epoch by epoch, how far each curve is from the true one, and how sharp the weights are. With
// --out: pooling.png, kernels.png and widths.png, each with its _weights.png, and loss.png.
// Needs FOVEA_TRAINING.
#include <algorithm>
#include <fovea/fovea.hpp>
#include <memory>
#include <random>

#include "../common/sample.h"
#include "drawing.h"

namespace {

using namespace fovea;

struct Settings {
  int64_t examples = 50, epochs = 5;
  float width = 1;
  std::string pooling = "distance";
  bool with_self = false;
};

float uniform(std::mt19937& random) { return (float(random() >> 8) + 0.5f) * 0x1p-24f; }

// x evenly from 0 .. 5, in order; noise by Box and Muller (1958).
Data random_data(int64_t count, float deviation, std::mt19937& random) {
  Data data;
  for (int64_t i = 0; i < count; ++i) data.x.push_back(5 * uniform(random));
  std::sort(data.x.begin(), data.x.end());
  for (const float x : data.x) {
    const float size = std::sqrt(-2 * std::log(uniform(random)));
    data.y.push_back(truth(x) + deviation * size * std::cos(6.2831853f * uniform(random)));
  }
  return data;
}

Prediction predict(Device& device, const Data& data, const Score& score, Normaliser::Kind kind) {
  const Floats points = test_points();
  const int64_t tests = int64_t(points.size()), n = int64_t(data.x.size());
  Graph graph;
  const Tensor q = graph.input({1, tests, 1}), k = graph.input({1, n, 1}), v = graph.input({1, n, 1});
  const Attended made = attend(q, k, v, {.score = score, .normaliser = {kind}, .weights = true});
  Plan plan(device, graph, {made.out, made.weights});
  plan.write(q, points);
  plan.write(k, data.x);
  plan.write(v, data.y);
  plan.run();
  Prediction result{plan.read(made.out), plan.read(made.weights)};
  for (size_t i = 0; i < points.size(); ++i)
    result.error += std::pow(double(result.y[i] - truth(points[i])), 2) / double(tests);
  result.error = std::sqrt(result.error);
  return result;
}

// The losses, the sum of squared errors of all examples, before each step.
std::vector<double> train(Device& device, const Data& data, Score& score, const Settings& settings) {
  Floats keys, values;  // those of each example
  for (size_t i = 0; i < data.x.size(); ++i)
    for (size_t j = 0; j < data.x.size(); ++j) {
      if (i == j && !settings.with_self) continue;
      keys.push_back(data.x[j]);
      values.push_back(data.y[j]);
    }
  const int64_t n = settings.examples, each = int64_t(keys.size()) / n;
  Graph graph;
  const Tensor q = graph.input({n, 1, 1}), k = graph.input({n, each, 1}), v = graph.input({n, each, 1});
  const Tensor y = graph.input({n, 1, 1});
  const Tensor guess = attend(q, k, v, {.score = score}).out;    // (examples, 1, 1)
  const Tensor loss = sum(reshape(square(sub(guess, y)), {n}));  // (1)
  const bool distance = settings.pooling == "distance";
  Parameters parameters;
  score.parameters("score", parameters);
  const auto kind = distance ? OptimizerOptions::Kind::sgd : OptimizerOptions::Kind::adam;
  Optimizer optimizer(device, parameters, {.kind = kind, .momentum = 0});
  const Optimizer::Step step = optimizer.step(loss);
  Plan plan(device, graph, {loss, step.norm});
  plan.write(q, data.x);
  plan.write(k, keys);
  plan.write(v, values);
  plan.write(y, data.y);
  std::vector<double> losses;
  for (int64_t epoch = 1; epoch <= settings.epochs; ++epoch) {
    plan.write(step.control, optimizer.control(distance ? 0.5f : 0.1f));
    plan.run();
    optimizer.finish(plan.read(step.norm)[0]);
    losses.push_back(double(plan.read(loss)[0]));
    if (epoch <= 5 || epoch == settings.epochs) fmt::print("epoch {}, loss {:.6f}\n", epoch, losses.back());
  }
  return losses;
}

// The largest weight of a test point, on average.
double sharpness(const Prediction& made) {
  const auto columns = int64_t(made.weights.size() / made.y.size());
  double sum = 0;
  for (auto row = made.weights.begin(); row != made.weights.end(); row += columns)
    sum += double(*std::max_element(row, row + columns));
  return sum / double(made.y.size());
}

void show_pooling(Sample& sample, Device& device, const Settings& settings, std::mt19937& random) {
  const Data data = random_data(settings.examples, 0.5f, random);
  const float start = uniform(random);
  const bool distance = settings.pooling == "distance";
  DistanceScore learnt_width(device, start);
  AdditiveScore additive(device, {.q_width = 1, .k_width = 1, .hidden = 8, .seed = sample.seed});
  Score& score = distance ? static_cast<Score&>(learnt_width) : additive;

  const auto softmax_of = [&](const Score& of) {
    return predict(device, data, of, Normaliser::Kind::softmax);
  };
  const Prediction average = softmax_of(UniformScore());
  const Prediction fixed = softmax_of(DistanceScore(device, 1 / settings.width));
  const std::vector<double> losses = train(device, data, score, settings);
  const Prediction learnt = softmax_of(score);

  const auto [least, most] = std::minmax_element(average.y.begin(), average.y.end());
  sample.number("average pooling: highest less lowest", double(*most - *least), 0, 1e-5);
  sample.number("average pooling: error", average.error);
  sample.number("fixed width: error", fixed.error);
  sample.number("learnt: error", learnt.error);
  sample.number("first loss", losses.front());
  sample.number("last loss", losses.back());
  sample.holds("the loss falls", losses.size() == 1 || losses.back() < losses.front());
  sample.number("fixed width: largest weight", sharpness(fixed));
  sample.number("learnt: largest weight", sharpness(learnt));
  if (distance) {
    Parameters parameters;
    score.parameters("score", parameters);
    sample.number("w before", double(start));
    sample.number("w after", double(parameters[0].state->read()[0]));
  }
  if (sample.out.empty()) return;
  draw(sample.out, "pooling", data, {{"average", average}, {"fixed", fixed}, {"learnt", learnt}});
  draw_losses(sample.out / "loss.png", losses);
}

// Shares of a kernel's sum, over 40 points with more noise.
void show_kernels(Sample& sample, Device& device, std::mt19937& random) {
  const Data data = random_data(40, 1, random);
  Predictions kernels, widths;
  const auto add = [&](Predictions& to, const std::string& name, const Score& score) {
    to.emplace_back(name, predict(device, data, score, Normaliser::Kind::proportion));
    sample.number(name + ": error", to.back().second.error);
  };
  add(kernels, "Gaussian", KernelScore(KernelScore::Kind::gaussian));
  add(kernels, "boxcar", KernelScore(KernelScore::Kind::boxcar));
  add(kernels, "constant", UniformScore());
  add(kernels, "Epanechnikov", KernelScore(KernelScore::Kind::epanechnikov));
  for (const float width : {0.1f, 0.2f, 0.5f, 1.0f})
    add(widths, fmt::format("width {}", width), KernelScore(KernelScore::Kind::gaussian, width));
  if (sample.out.empty()) return;
  draw(sample.out, "kernels", data, kernels);
  draw(sample.out, "widths", data, widths);
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("Kernel regression: attention to examples by their distance.");
  Settings settings;
  sample.app.add_option("--examples", settings.examples, "to learn from")->check(CLI::Range(2, 500));
  sample.app.add_option("--width", settings.width, "of the fixed kernel")->check(CLI::PositiveNumber);
  sample.app.add_option("--epochs", settings.epochs, "of training")->check(CLI::Range(1, 100000));
  sample.app.add_option("--pooling", settings.pooling, "what is learnt")
      ->check(CLI::IsMember({"distance", "additive"}));
  sample.app.add_flag("--with-self", settings.with_self, "each example is a key of its own query");
  return sample.run(argc, argv, [&](Sample&) {
    std::mt19937 random(sample.seed);
    Device device({.name = sample.device, .cache = cache_folder()});
    fmt::print("on {}\n", device.info().name);
    show_pooling(sample, device, settings, random);
    show_kernels(sample, device, random);
  });
}
