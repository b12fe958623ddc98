#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Moments {
  std::vector<double> mean, variance;  // (channels), the variance divided by all it counts
  int64_t count;
};

Moments moments(const std::vector<double>& x, const Shape& shape) {
  const int64_t channels = shape[1], inner = int64_t(shape.elements()) / (shape[0] * channels);
  Moments m{std::vector<double>(size_t(channels)), std::vector<double>(size_t(channels)), shape[0] * inner};
  const auto channel = [&](size_t i) { return i / size_t(inner) % size_t(channels); };
  for (size_t i = 0; i < x.size(); ++i) m.mean[channel(i)] += x[i] / double(m.count);
  for (size_t i = 0; i < x.size(); ++i)
    m.variance[channel(i)] += std::pow(x[i] - m.mean[channel(i)], 2) / double(m.count);
  return m;
}

// of: x, weight, bias.
std::vector<double> normalised(const Operands& of, const Shape& shape, const Moments& m, double eps = 1e-5) {
  const int64_t inner = int64_t(shape.elements()) / (shape[0] * shape[1]);
  std::vector<double> y;
  for (size_t i = 0; i < of[0].size(); ++i) {
    const size_t c = i / size_t(inner) % size_t(shape[1]);
    y.push_back((of[0][i] - m.mean[c]) / std::sqrt(m.variance[c] + eps) * of[1][c] + of[2][c]);
  }
  return y;
}

struct Case {
  explicit Case(const Shape& extents, float middle = 0.3f, float spread = 2)
      : shape(extents),
        x(graph.input(shape)),
        weight(graph.input({shape[1]})),
        bias(graph.input({shape[1]})),
        inputs{{x, random_values(shape.elements(), 1, middle - spread, middle + spread)},
               {weight, random_values(uint64_t(shape[1]), 2, 0.5f, 1.5f)},
               {bias, random_values(uint64_t(shape[1]), 3)}} {}

  Operands operands() const {
    Operands all;
    for (size_t i = 0; i < 3; ++i) all.push_back(widened(std::get<std::vector<float>>(inputs[i].values)));
    return all;
  }

  Graph graph;
  Shape shape;
  Tensor x, weight, bias;
  std::vector<Input> inputs;
};

void check_case(const Shape& shape, float middle = 0.3f, float spread = 2, Tolerance tolerance = kRow) {
  INFO("x " << shape);
  Case c(shape, middle, spread);
  const Operands of = c.operands();
  check_close(run(c.graph, c.inputs, batch_norm(c.x, c.weight, c.bias)),
              normalised(of, shape, moments(of[0], shape)), tolerance);
}

}  // namespace

TEST_CASE("batch_norm gives the textbook's example columns of -1 and +1") {
  Graph graph;
  const Tensor x = graph.input({2, 2}), one = graph.input({2}), zero = graph.input({2});
  const std::vector<Input> inputs{
      {x, std::vector<float>{1, 2, 2, 3}}, {one, std::vector<float>{1, 1}}, {zero, std::vector<float>{0, 0}}};
  check_close(run(graph, inputs, batch_norm(x, one, zero, {.eps = 0})), {-1, -1, 1, 1}, kElementwise);
}

TEST_CASE("batch_norm matches the double loop at every edge") {
  for (int64_t n : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 131}) {
    check_case({2, 3, n});
    check_case({3, n, 5});
    check_case({n, 2, 2, 3});
  }
  for (const Shape& shape : {Shape{17, 5}, Shape{2, 1}, Shape{5, 300, 2, 2}, Shape{2, 3, 1, 4, 5}})
    check_case(shape);
}

TEST_CASE("batch_norm survives a mean a thousand times the spread") {
  // The mean itself is rounded; a difference of mean squares would be off by a tenth.
  constexpr Tolerance kRounded{1e-7, 1e-3};
  check_case({3, 2, 37}, 10, 1e-2f, kRounded);
  check_case({131, 5, 4}, -10, 1e-2f, kRounded);
}

TEST_CASE("batch_norm moves running statistics as PyTorch does, the variance being a sample's") {
  const Shape shape{5, 3, 7};
  Case c(shape);
  State mean(device(), {3}), variance(device(), {3});
  mean.write(std::vector<float>{1, 2, 3});
  variance.write(std::vector<float>{4, 5, 6});
  const Tensor y = batch_norm(c.x, c.weight, c.bias,
                              {.running_mean = &mean, .running_variance = &variance, .momentum = 0.25f});
  Plan plan(device(), c.graph, {y});
  for (const Input& input : c.inputs) plan.write(input.tensor, std::get<std::vector<float>>(input.values));
  const Moments m = moments(c.operands()[0], shape);
  std::vector<double> means{1, 2, 3}, variances{4, 5, 6};
  for (int step = 0; step < 3; ++step) {
    plan.run();
    for (size_t i = 0; i < 3; ++i) {
      means[i] += 0.25 * (m.mean[i] - means[i]);
      variances[i] += 0.25 * (m.variance[i] * 35 / 34 - variances[i]);
    }
    check_close(mean.read(), means, kElementwise);
    check_close(variance.read(), variances, kElementwise);
  }
  CHECK(device().validation_messages().empty());
}

TEST_CASE("batch_norm normalises by what it is given") {
  for (const Shape& shape : {Shape{1, 3, 1, 1}, Shape{4, 5, 9}, Shape{3, 2}}) {
    Case c(shape);
    const std::vector<float> means = random_values(uint64_t(shape[1]), 7),
                             variances = random_values(uint64_t(shape[1]), 8, 0.2f, 3);
    const Tensor mean = c.graph.input({shape[1]}), variance = c.graph.input({shape[1]});
    const BatchNormOptions options{.eps = 0.25f, .mean = mean, .variance = variance};
    const Tensor y = batch_norm(c.x, c.weight, c.bias, options);
    c.inputs.push_back({mean, means});
    c.inputs.push_back({variance, variances});
    const Moments m{widened(means), widened(variances), 0};
    const Operands of = c.operands();
    check_close(run(c.graph, c.inputs, y), normalised(of, shape, m, 0.25), kRow);

    const Tensor dy = c.graph.input(shape);
    const std::vector<float> dy_values = random_values(shape.elements(), 17);
    c.inputs.push_back({dy, dy_values});
    const std::vector<Values> got =
        run_all(c.graph, c.inputs, c.graph.grad(y, {c.x, c.weight, c.bias, mean, variance}, dy));
    Operands all = of;
    all.push_back(m.mean);
    all.push_back(m.variance);
    for (size_t which = 0; which < 5; ++which) {
      INFO("operand " << which);
      const auto f = [&](const Operands& at) { return normalised(at, shape, {at[3], at[4], 0}, 0.25); };
      check_close(std::get<std::vector<float>>(got[which]), gradient(f, all, dy_values, which), kRow);
    }
  }
}

TEST_CASE("batch_norm has the gradients of its formula") {
  for (const Shape& shape :
       {Shape{3, 2, 5}, Shape{2, 3, 3, 3}, Shape{7, 4}, Shape{17, 2, 3}, Shape{5, 9, 1}}) {
    INFO("x " << shape);
    Case c(shape);
    const Operands of = c.operands();
    const Tensor y = batch_norm(c.x, c.weight, c.bias), dy = c.graph.input(shape);
    const std::vector<float> dy_values = random_values(shape.elements(), 17);
    c.inputs.push_back({dy, dy_values});
    const std::vector<Values> got = run_all(c.graph, c.inputs, c.graph.grad(y, {c.x, c.weight, c.bias}, dy));
    for (size_t which = 0; which < 3; ++which) {
      INFO("operand " << which);
      const auto f = [&](const Operands& at) { return normalised(at, shape, moments(at[0], shape)); };
      check_close(std::get<std::vector<float>>(got[which]), gradient(f, of, dy_values, which), kProduct);
    }
  }
}

TEST_CASE("batch_norm takes an activation over, while training, too") {
  Case c({3, 2, 5, 4});
  const Tensor y = relu(batch_norm(c.x, c.weight, c.bias));
  CHECK(Plan(device(), c.graph, {y}).dispatches() == 3);  // parts, statistics, the rest
  const Operands of = c.operands();
  std::vector<double> want = normalised(of, c.shape, moments(of[0], c.shape));
  for (double& each : want) each = std::max(each, 0.0);
  check_close(run(c.graph, c.inputs, y), want, kRow);
}

TEST_CASE("batch_norm keeps NaN in its channel") {
  Case c({2, 3, 4});
  std::get<std::vector<float>>(c.inputs[0].values)[5] = NAN;
  const std::vector<float> got = run(c.graph, c.inputs, batch_norm(c.x, c.weight, c.bias));
  for (size_t i = 0; i < got.size(); ++i) CHECK(std::isnan(got[i]) == (i / 4 % 3 == 1));
}

TEST_CASE("batch_norm rejects what does not fit") {
  Case c({4, 3, 5});
  const Tensor four = c.graph.input({4});
  State right(device(), {3}), wrong(device(), {4});
  const auto norm = [&](const BatchNormOptions& options) { batch_norm(c.x, c.weight, c.bias, options); };
  check_rejects([&] { batch_norm(c.weight, c.weight, c.bias); },
                {"batch_norm", "(3)", "(batch, channels, ..)"});
  check_rejects([&] { batch_norm(c.x, four, c.bias); }, {"batch_norm", "weight (4)", "(3)"});
  check_rejects([&] { batch_norm(c.x, c.weight, four); }, {"batch_norm", "bias (4)", "(3)"});
  check_rejects([&] { norm({.mean = c.bias}); }, {"batch_norm", "a mean without"});
  check_rejects([&] { norm({.mean = four, .variance = c.bias}); }, {"batch_norm", "mean (4)", "(3)"});
  check_rejects([&] { norm({.running_variance = &right}); }, {"batch_norm", "variance without"});
  check_rejects([&] { norm({.running_mean = &right, .running_variance = &wrong}); }, {"(4)", "(3)"});
  check_rejects(
      [&] { norm({.mean = c.bias, .variance = c.bias, .running_mean = &right, .running_variance = &right}); },
      {"batch_norm", "running", "given"});
  check_rejects([&] { batch_norm(c.graph.input({1, 3}), c.weight, c.bias); },
                {"batch_norm", "one element", "(1, 3)"});
}
