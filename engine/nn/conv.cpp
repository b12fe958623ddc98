#include "fovea/conv.hpp"

#include <cmath>

#include "core/check.h"
#include "core/random.h"

namespace fovea {
namespace {

void check_values(const char* what, std::span<const float> values, const Shape& shape) {
  FOVEA_CHECK(values.size() == shape.elements(), what, ": ", values.size(), " values for ", shape);
}

State filled(Device& device, const Shape& shape, std::span<const float> values, const char* what) {
  check_values(what, values, shape);
  State state(device, shape);
  state.write(values);
  return state;
}

}  // namespace

Conv2dWeights fresh_conv2d(const Shape& shape, uint64_t seed, bool bias) {
  FOVEA_CHECK(shape.rank() == 4, "conv2d: fresh weights ", shape, " are not (out, in, kh, kw)");
  Random random(seed, {kRandomWeights});
  const double limit = fan_in_limit(int64_t(shape.elements()) / shape[0]);
  Conv2dWeights made{shape, uniform_values(shape.elements(), limit, random), {}};
  if (bias) made.bias = uniform_values(uint64_t(shape[0]), limit, random);
  return made;
}

Conv2d::Conv2d(Device& device, const Conv2dWeights& weights, const Conv2dOptions& options)
    : weight_(filled(device, weights.shape, weights.weight, "conv2d")), options_(options) {
  FOVEA_CHECK(!options.bias, "conv2d: has a bias of its own");
  if (!weights.bias.empty()) bias_ = filled(device, {weights.shape[0]}, weights.bias, "conv2d");
}

Tensor Conv2d::operator()(Tensor x) const {
  Conv2dOptions options = options_;
  if (bias_) options.bias = x.graph->use(*bias_, "bias");
  return conv2d(x, x.graph->use(weight_, "weight"), options);
}

Tensor Conv2d::operator()(Tensor x, Activation activation) const {
  FOVEA_CHECK(options_.activation == Activation::none, "conv2d: ends with ", name(options_.activation),
              " already, ", name(activation), " is asked for");
  return activate((*this)(x), activation);
}

void Conv2d::parameters(const std::string& name, Parameters& to) {
  to.push_back({name + ".weight", &weight_});
  if (bias_) to.push_back({name + ".bias", &*bias_, false});
}

BatchNorm2d::Weights BatchNorm2d::fresh(int64_t channels) {
  const std::vector<float> ones(size_t(channels), 1.0f), zeros(size_t(channels), 0.0f);
  return {ones, zeros, zeros, ones};
}

BatchNorm2d::BatchNorm2d(Device& device, const Weights& weights)
    : weight_(filled(device, {int64_t(weights.weight.size())}, weights.weight, "batch_norm")),
      bias_(filled(device, weight_.shape(), weights.bias, "batch_norm")),
      mean_(filled(device, weight_.shape(), weights.mean, "batch_norm")),
      variance_(filled(device, weight_.shape(), weights.variance, "batch_norm")),
      eps_(weights.eps),
      momentum_(weights.momentum) {}

Tensor BatchNorm2d::operator()(Tensor x, Use use) const {
  Graph& graph = *x.graph;
  BatchNormOptions options{.eps = eps_, .momentum = momentum_};
  if (use == Use::training) {
    options.running_mean = &mean_;
    options.running_variance = &variance_;
  } else {
    options.mean = graph.use(mean_, "mean");
    options.variance = graph.use(variance_, "variance");
  }
  return batch_norm(x, graph.use(weight_, "weight"), graph.use(bias_, "bias"), options);
}

void BatchNorm2d::parameters(const std::string& name, Parameters& to) {
  to.push_back({name + ".weight", &weight_, false});
  to.push_back({name + ".bias", &bias_, false});
}

void BatchNorm2d::statistics(const std::string& name, Parameters& to) {
  to.push_back({name + ".mean", &mean_, false});
  to.push_back({name + ".variance", &variance_, false});
}

Conv2dWeights folded(const Conv2dWeights& conv, const BatchNorm2d::Weights& norm) {
  FOVEA_CHECK(conv.shape.rank() == 4, "conv2d: weights ", conv.shape, " are not (out, in, kh, kw)");
  check_values("conv2d", conv.weight, conv.shape);
  if (!conv.bias.empty()) check_values("conv2d", conv.bias, {conv.shape[0]});
  const size_t outputs = size_t(conv.shape[0]), each = conv.weight.size() / outputs;
  for (const auto* values : {&norm.weight, &norm.bias, &norm.mean, &norm.variance})
    FOVEA_CHECK(values->size() == outputs, "batch_norm: ", values->size(), " channels behind ", outputs,
                " outputs of a convolution");
  Conv2dWeights made = conv;
  made.bias.assign(outputs, 0);
  for (size_t out = 0; out < outputs; ++out) {
    const double factor = norm.weight[out] / std::sqrt(double(norm.variance[out]) + double(norm.eps));
    for (size_t i = out * each; i < (out + 1) * each; ++i) made.weight[i] = float(conv.weight[i] * factor);
    const double bias = conv.bias.empty() ? 0 : conv.bias[out];
    made.bias[out] = float((bias - norm.mean[out]) * factor + norm.bias[out]);
  }
  return made;
}

NormedConv2d::NormedConv2d(Conv2d conv, std::optional<BatchNorm2d> norm)
    : conv_(std::move(conv)), norm_(std::move(norm)) {}

Tensor NormedConv2d::operator()(Tensor x, Use use, Activation activation) const {
  FOVEA_CHECK(norm_ || use == Use::inference,
              "batch_norm: is folded into its convolution, which cannot train");
  return norm_ ? activate((*norm_)(conv_(x), use), activation) : conv_(x, activation);
}

void NormedConv2d::parameters(const std::string& name, Parameters& to) {
  conv_.parameters(name + ".conv", to);
  if (norm_) norm_->parameters(name + ".norm", to);
}

void NormedConv2d::statistics(const std::string& name, Parameters& to) {
  if (norm_) norm_->statistics(name + ".norm", to);
}

Tensor global_average(Tensor x) {
  const Shape& s = x.shape();
  FOVEA_CHECK(s.rank() == 4, "global_average: needs (batch, channels, h, w), got ", s);
  return reshape(mean(reshape(x, {s[0], s[1], s[2] * s[3]})), {s[0], s[1]});
}

}  // namespace fovea
