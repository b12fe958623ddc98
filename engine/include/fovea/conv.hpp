// Layers of convolutional networks, images being (batch, channels, h, w): convolution, batch normalisation,
// and the blocks that attend: a gate over places, an excitation of channels.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/nn.hpp"

namespace fovea FOVEA_API {

// Weights of a convolution that has learnt nothing yet, as PyTorch begins: uniform between -1 and 1 times
// 1 / sqrt(inputs of one output), the bias too. shape: (out, in / groups, kh, kw).
struct Conv2dWeights {
  Shape shape;
  std::vector<float> weight, bias;  // shape row by row; (out), or empty
};
Conv2dWeights fresh_conv2d(const Shape& shape, uint64_t seed, bool bias = true);

// y = conv2d(x, weight) + bias.
class Conv2d {
 public:
  // options.bias must be absent: the weights have their own.
  Conv2d(Device& device, const Conv2dWeights& weights, const Conv2dOptions& options = {});
  // (batch, in, h, w) -> (batch, out, h', w'), as conv2d. Activation: behind that of the options, if it has
  // none.
  Tensor operator()(Tensor x) const;
  Tensor operator()(Tensor x, Activation activation) const;
  int64_t out() const { return weight_.shape()[0]; }
  void parameters(const std::string& name, Parameters& to);  // name.weight, name.bias

 private:
  State weight_;  // (out, in / groups, kh, kw)
  std::optional<State> bias_;
  Conv2dOptions options_;
};

// Ioffe and Szegedy 2015, of each channel over batch and places.
class BatchNorm2d {
 public:
  struct Weights {
    std::vector<float> weight, bias, mean, variance;  // (channels); the last two are running statistics
    float eps = 1e-5f;
    float momentum = 0.1f;  // of running statistics, see BatchNormOptions
  };
  static Weights fresh(int64_t channels);  // 1, 0, 0, 1
  BatchNorm2d(Device& device, const Weights& weights);
  // Training: by the batch, whose statistics the running ones follow in place whenever a plan runs.
  // Inference: by the running ones.
  Tensor operator()(Tensor x, Use use) const;
  void parameters(const std::string& name, Parameters& to);  // name.weight, name.bias
  void statistics(const std::string& name, Parameters& to);  // name.mean, name.variance: saved, not learnt

 private:
  State weight_, bias_;
  mutable State mean_, variance_;  // running: plans of training move them
  float eps_, momentum_;
};

// What batch normalisation by running statistics does behind a convolution, as weights of that convolution.
Conv2dWeights folded(const Conv2dWeights& conv, const BatchNorm2d::Weights& norm);

// Convolution, batch normalisation, activation.
class NormedConv2d {
 public:
  NormedConv2d(Conv2d conv, std::optional<BatchNorm2d> norm);  // without a norm: it is folded in
  Tensor operator()(Tensor x, Use use, Activation activation = Activation::none) const;
  void parameters(const std::string& name, Parameters& to);  // name.conv, name.norm
  void statistics(const std::string& name, Parameters& to);

 private:
  Conv2d conv_;
  std::optional<BatchNorm2d> norm_;
};

// A convolutional gate: the trunk, convolution, batch normalisation and ReLU, times what a branch of
// convolution, ReLU, convolution and sigmoid makes of the same input: how much each place counts.
class AttentionGate {
 public:
  struct Result {
    Tensor out;   // (batch, out, h, w)
    Tensor gate;  // (batch, 1 or out, h, w), from 0 to 1
  };
  AttentionGate(NormedConv2d trunk, Conv2d branch, Conv2d gate);
  Result operator()(Tensor x, Use use) const;
  void parameters(const std::string& name, Parameters& to);  // name.trunk, name.branch, name.gate
  void statistics(const std::string& name, Parameters& to);

 private:
  NormedConv2d trunk_;
  Conv2d branch_, gate_;
};

// Squeeze and excitation (Hu et al. 2018, section 3): each channel times sigmoid(up(relu(down(its mean)))).
class SqueezeExcitation {
 public:
  struct Result {
    Tensor out;         // as x
    Tensor excitation;  // (batch, channels), from 0 to 1
  };
  SqueezeExcitation(Linear down, Linear up);
  Result operator()(Tensor x) const;                         // (batch, channels, h, w)
  void parameters(const std::string& name, Parameters& to);  // name.down, name.up

 private:
  Linear down_, up_;
};

// A basic residual block (He et al. 2016, section 3) with squeeze and excitation before the sum:
// relu(excited(second(relu(first(x)))) + shortcut(x)).
class ResidualBlock {
 public:
  struct Parts {
    NormedConv2d first, second;
    std::optional<SqueezeExcitation> excitation;
    std::optional<NormedConv2d> shortcut;  // where shapes differ; else x itself
  };
  explicit ResidualBlock(Parts parts) : parts_(std::move(parts)) {}
  SqueezeExcitation::Result operator()(Tensor x, Use use) const;  // no excitation: absent
  void parameters(const std::string& name, Parameters& to);  // name.first, .second, .excitation, .shortcut
  void statistics(const std::string& name, Parameters& to);

 private:
  Parts parts_;
};

Tensor global_average(Tensor x);  // (batch, channels, h, w) -> (batch, channels): means over all places

}  // namespace fovea
