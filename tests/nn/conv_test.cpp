#include "fovea/conv.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/check.h"
#include "support/gradient.h"

using namespace fovea;
using namespace fovea::test;

namespace {

std::vector<std::string> names(const Parameters& all) {
  std::vector<std::string> result;
  for (const Parameter& parameter : all) result.push_back(parameter.name);
  return result;
}

BatchNorm2d::Weights random_norm(int64_t channels, uint32_t seed) {
  const uint64_t count = uint64_t(channels);
  return {random_values(count, seed, 0.5f, 1.5f), random_values(count, seed + 1),
          random_values(count, seed + 2), random_values(count, seed + 3, 0.5f, 2)};
}

NormedConv2d normed(int64_t out, int64_t in, uint32_t seed) {
  return {Conv2d(device(), fresh_conv2d({out, in, 3, 3}, seed, false), {.padding = {1, 1}}),
          BatchNorm2d(device(), random_norm(out, seed))};
}

// (batch, 3, 5, 4), what a layer makes of random pixels.
template <class Layer>
std::vector<std::vector<float>> made_by(const Layer& layer, int64_t batch = 2) {
  Graph graph;
  const Tensor x = graph.input({batch, 3, 5, 4});
  std::vector<std::vector<float>> results;
  for (const Values& values : run_all(graph, {{x, random_values(x.shape().elements(), 5)}}, layer(x)))
    results.push_back(std::get<std::vector<float>>(values));
  return results;
}

}  // namespace

TEST_CASE("fresh convolutions are their seed's, within PyTorch's limits") {
  const Conv2dWeights one = fresh_conv2d({8, 3, 3, 3}, 1), same = fresh_conv2d({8, 3, 3, 3}, 1);
  CHECK(one.weight == same.weight);
  CHECK(one.bias == same.bias);
  CHECK(one.weight != fresh_conv2d({8, 3, 3, 3}, 2).weight);
  CHECK(fresh_conv2d({8, 3, 3, 3}, 1, false).bias.empty());
  const double limit = 1 / std::sqrt(27.0);
  for (const std::vector<float>& values : {one.weight, one.bias}) {
    const auto [least, greatest] = std::ranges::minmax(values);
    CHECK((double(least) >= -limit && double(least) < -0.5 * limit));
    CHECK((double(greatest) <= limit && double(greatest) > 0.5 * limit));
  }
  check_rejects([] { fresh_conv2d({8, 3, 3}, 1); }, {"(8, 3, 3)", "(out, in, kh, kw)"});
}

TEST_CASE("batch normalisation folds into the convolution before it") {
  const Conv2dWeights conv = fresh_conv2d({5, 3, 3, 2}, 3);
  const BatchNorm2d::Weights norm = random_norm(5, 4);
  const Conv2dOptions options{.stride = {2, 1}, .padding = {1, 0}};
  const NormedConv2d apart(Conv2d(device(), conv, options), BatchNorm2d(device(), norm));
  const NormedConv2d together(Conv2d(device(), folded(conv, norm), options), {});
  const auto with = [](const NormedConv2d& layer) {
    return made_by([&](Tensor x) { return std::vector{layer(x, Use::inference, Activation::relu)}; }).front();
  };
  check_close(with(together), widened(with(apart)), kProduct);
  Graph graph;
  const Tensor x = graph.input({1, 3, 4, 4});
  CHECK(Plan(device(), graph, {together(x, Use::inference, Activation::relu)}).dispatches() == 1);
  check_rejects([&] { together(x, Use::training); }, {"batch_norm", "folded"});
  check_rejects([&] { folded(conv, random_norm(4, 4)); }, {"4 channels", "5 outputs"});
  using Norm = BatchNorm2d::Weights;
  for (std::vector<float> Norm::* part : {&Norm::weight, &Norm::bias, &Norm::mean, &Norm::variance}) {
    Norm wrong = norm;
    (wrong.*part).pop_back();
    check_rejects([&] { folded(conv, wrong); }, {"batch_norm", "4 channels", "5 outputs"});
  }
  Conv2dWeights wrong = conv;
  wrong.bias.assign(4, 0.0f);
  check_rejects([&] { folded(wrong, norm); }, {"conv2d", "4 values for (5)"});
  wrong = conv;
  wrong.weight.pop_back();
  check_rejects([&] { folded(wrong, norm); }, {"conv2d", std::to_string(wrong.weight.size()) + " values"});
  wrong.shape = {};
  check_rejects([&] { folded(wrong, norm); }, {"conv2d", "(out, in, kh, kw)"});
}

TEST_CASE("running statistics come to what the batches are made of") {
  BatchNorm2d norm(device(), BatchNorm2d::fresh(3));
  Parameters statistics, parameters;
  norm.statistics("norm", statistics);
  norm.parameters("norm", parameters);
  CHECK(names(statistics) == std::vector<std::string>{"norm.mean", "norm.variance"});
  CHECK(names(parameters) == std::vector<std::string>{"norm.weight", "norm.bias"});
  Graph graph;
  const Tensor x = graph.input({2, 3, 5, 4});
  const std::vector<float> pixels = random_values(120, 5);
  const Tensor y = norm(x, Use::training);
  Plan training(device(), graph, {y});
  training.write(x, pixels);
  for (int i = 0; i < 200; ++i) training.run();
  // All batches are alike: by the running statistics the result is the same, but for n - 1 of 40.
  std::vector<double> want;
  for (const float each : training.read(y)) want.push_back(double(each) * std::sqrt(39.0 / 40));
  Graph inferring;
  const Tensor again = inferring.input(x.shape());
  check_close(run(inferring, {{again, pixels}}, norm(again, Use::inference)), want, {1e-8, 1e-4});
}

TEST_CASE("an attention gate is its trunk times its branch") {
  const AttentionGate gate(normed(6, 3, 1),
                           Conv2d(device(), fresh_conv2d({4, 3, 3, 3}, 5), {.padding = {1, 1}}),
                           Conv2d(device(), fresh_conv2d({1, 4, 3, 3}, 6), {.padding = {1, 1}}));
  const NormedConv2d trunk = normed(6, 3, 1);
  const auto made = made_by([&](Tensor x) {
    const AttentionGate::Result result = gate(x, Use::training);
    return std::vector{result.out, result.gate, trunk(x, Use::training, Activation::relu)};
  });
  std::vector<double> want;
  for (size_t i = 0; i < made[0].size(); ++i)
    want.push_back(double(made[2][i]) * double(made[1][i / 120 * 20 + i % 20]));
  check_close(made[0], want, kElementwise);
  for (const float each : made[1]) CHECK((each > 0 && each < 1));
}

TEST_CASE("squeeze and excitation scales channels by their means") {
  const std::vector<float> down{1, -2, 0.5f, 0.25f, 1, 1}, up{1, 2, -1, 0.5f, 2, -2},
      shift{0.1f, 0.2f, -0.3f};
  SqueezeExcitation layer(Linear(device(), 2, 3, down, std::vector<float>{0.5f, -0.25f}),
                          Linear(device(), 3, 2, up, shift));
  const auto made = made_by([&](Tensor x) {
    const SqueezeExcitation::Result result = layer(x);
    return std::vector{result.out, result.excitation, contiguous(scale(x, 1))};
  });
  std::vector<double> want;
  for (size_t b = 0; b < 2; ++b) {
    double mean[3] = {}, squeezed[2] = {0.5, -0.25};
    for (size_t i = 0; i < 60; ++i) mean[i / 20] += double(made[2][b * 60 + i]) / 20;
    for (size_t i = 0; i < 6; ++i) squeezed[i / 3] += double(down[i]) * mean[i % 3];
    for (size_t c = 0; c < 3; ++c) {
      double excitation = double(shift[c]);
      for (size_t i = 0; i < 2; ++i) excitation += double(up[2 * c + i]) * std::max(squeezed[i], 0.0);
      want.push_back(1 / (1 + std::exp(-excitation)));
    }
  }
  check_close(made[1], want, kRow);
  std::vector<double> scaled;
  for (size_t i = 0; i < made[0].size(); ++i) scaled.push_back(double(made[2][i]) * want[i / 20]);
  check_close(made[0], scaled, kRow);
}

TEST_CASE("a residual block adds its input, or a shortcut of it") {
  const ResidualBlock plain({normed(3, 3, 1), normed(3, 3, 2), {}, {}});
  const NormedConv2d first = normed(3, 3, 1), second = normed(3, 3, 2);
  const auto made = made_by([&](Tensor x) {
    const SqueezeExcitation::Result result = plain(x, Use::inference);
    REQUIRE(!result.excitation);
    return std::vector{result.out, second(first(x, Use::inference, Activation::relu), Use::inference),
                       contiguous(scale(x, 1))};
  });
  std::vector<double> want;
  for (size_t i = 0; i < made[0].size(); ++i)
    want.push_back(std::max(double(made[1][i]) + double(made[2][i]), 0.0));
  check_close(made[0], want, kElementwise);

  ResidualBlock wide({normed(4, 3, 1), normed(4, 4, 2), {}, normed(4, 3, 7)});
  Parameters all;
  wide.parameters("block", all);
  CHECK(all.size() == 9);
  wide.statistics("block", all);
  CHECK(all.size() == 15);
  CHECK(made_by([&](Tensor x) { return std::vector{wide(x, Use::inference).out}; }).front().size() == 160);
}

TEST_CASE("layers of convolutions reject what does not fit") {
  const Conv2dWeights weights = fresh_conv2d({4, 3, 3, 3}, 1);
  Conv2dWeights lacking = weights;
  lacking.bias.pop_back();
  Graph graph;
  check_rejects([&] { Conv2d(device(), lacking); }, {"conv2d", "3 values", "(4)"});
  check_rejects([&] { Conv2d(device(), weights, {.bias = graph.input({4})}); },
                {"conv2d", "bias of its own"});
  const Conv2d ends(device(), weights, {.activation = Activation::relu});
  check_rejects([&] { ends(graph.input({1, 3, 3, 3}), Activation::tanh); }, {"relu", "tanh"});
  BatchNorm2d::Weights wrong = BatchNorm2d::fresh(3);
  wrong.variance.pop_back();
  check_rejects([&] { BatchNorm2d(device(), wrong); }, {"batch_norm", "2 values", "(3)"});
  check_rejects([&] { global_average(graph.input({3, 4})); }, {"global_average", "(3, 4)"});
}
