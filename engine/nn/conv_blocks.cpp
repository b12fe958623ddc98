#include "core/check.h"
#include "fovea/conv.hpp"

namespace fovea {

AttentionGate::AttentionGate(NormedConv2d trunk, Conv2d branch, Conv2d gate)
    : trunk_(std::move(trunk)), branch_(std::move(branch)), gate_(std::move(gate)) {}

AttentionGate::Result AttentionGate::operator()(Tensor x, Use use) const {
  const Tensor trunk = trunk_(x, use, Activation::relu);  // (batch, out, h, w)
  const Tensor gate = gate_(branch_(x, Activation::relu), Activation::sigmoid);
  return {mul(trunk, gate), gate};
}

void AttentionGate::parameters(const std::string& name, Parameters& to) {
  trunk_.parameters(name + ".trunk", to);
  branch_.parameters(name + ".branch", to);
  gate_.parameters(name + ".gate", to);
}

void AttentionGate::statistics(const std::string& name, Parameters& to) {
  trunk_.statistics(name + ".trunk", to);
}

SqueezeExcitation::SqueezeExcitation(Linear down, Linear up) : down_(std::move(down)), up_(std::move(up)) {}

SqueezeExcitation::Result SqueezeExcitation::operator()(Tensor x) const {
  const Shape s = x.shape();
  const Tensor squeezed = down_(global_average(x), {.activation = Activation::relu});
  const Tensor excitation = up_(squeezed, {.activation = Activation::sigmoid});  // (batch, channels)
  // Places as one axis: the gradient of the excitation is one sum.
  const Tensor out = mul(reshape(x, {s[0], s[1], s[2] * s[3]}), reshape(excitation, {s[0], s[1], 1}));
  return {reshape(out, s), excitation};
}

void SqueezeExcitation::parameters(const std::string& name, Parameters& to) {
  down_.parameters(name + ".down", to);
  up_.parameters(name + ".up", to);
}

SqueezeExcitation::Result ResidualBlock::operator()(Tensor x, Use use) const {
  SqueezeExcitation::Result made{parts_.second(parts_.first(x, use, Activation::relu), use), {}};
  if (parts_.excitation) made = (*parts_.excitation)(made.out);
  const Tensor shortcut = parts_.shortcut ? (*parts_.shortcut)(x, use) : x;
  made.out = relu(add(made.out, shortcut));
  return made;
}

void ResidualBlock::parameters(const std::string& name, Parameters& to) {
  parts_.first.parameters(name + ".first", to);
  parts_.second.parameters(name + ".second", to);
  if (parts_.excitation) parts_.excitation->parameters(name + ".excitation", to);
  if (parts_.shortcut) parts_.shortcut->parameters(name + ".shortcut", to);
}

void ResidualBlock::statistics(const std::string& name, Parameters& to) {
  parts_.first.statistics(name + ".first", to);
  parts_.second.statistics(name + ".second", to);
  if (parts_.shortcut) parts_.shortcut->statistics(name + ".shortcut", to);
}

}  // namespace fovea
