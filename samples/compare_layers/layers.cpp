#include "layers.h"

#include <cmath>
#include <random>

using namespace fovea;

namespace {

Linear fresh_linear(Device& device, int64_t out, int64_t in, uint64_t seed) {
  Floats weight = random_floats(size_t(out * in), seed);
  for (float& value : weight) value /= std::sqrt(float(in));
  return {device, out, in, weight, {}};
}

RnnConfig rnn_config(int64_t width) { return {.cell = Cell::gru, .in = width, .width = width}; }

}  // namespace

const char* name(Kind kind) {
  return kind == Kind::cnn ? "CNN" : kind == Kind::rnn ? "RNN" : "self-attention";
}

Floats random_floats(size_t count, uint64_t seed) {
  std::mt19937 random{uint32_t(seed)};
  Floats values(count);
  for (float& value : values) value = float(random()) * 0x1p-31f - 1;
  return values;
}

Layers::Layers(Device& device, int64_t width, int64_t kernel, uint64_t seed)
    : width_(width),
      cnn_(device, fresh_conv2d({width, width, 1, kernel}, seed, false), {.padding = {0, kernel / 2}}),
      rnn_(device, rnn_config(width), Rnn::fresh(rnn_config(width), seed)),
      attention_(fresh_linear(device, 3 * width, width, seed), fresh_linear(device, width, width, seed + 1),
                 1) {
  std::array<Parameters, kKinds.size()> all;
  cnn_.parameters("cnn", all[size_t(Kind::cnn)]);
  rnn_.parameters("rnn", all[size_t(Kind::rnn)]);
  attention_.parameters("attention", all[size_t(Kind::attention)]);
  for (size_t kind = 0; kind < all.size(); ++kind)
    for (const Parameter& each : all[kind])
      if (each.state->shape().rank() >= 2) weights_[kind] += int64_t(each.state->shape().elements());
}

Shape Layers::shape(Kind kind, int64_t n) const {
  if (kind == Kind::cnn) return {1, width_, 1, n};
  return kind == Kind::rnn ? Shape{n, 1, width_} : Shape{1, n, width_};
}

Tensor Layers::operator()(Kind kind, Tensor x) const {
  if (kind == Kind::cnn) return cnn_(x);
  return kind == Kind::rnn ? rnn_(x).out : attention_(x, {}).out;
}

int64_t Layers::multiply_adds(Kind kind, int64_t n) const {
  const int64_t projected = n * weights_[size_t(kind)];
  if (kind != Kind::attention) return projected;
  Graph graph;
  const Tensor weights = attention_(graph.input(shape(kind, n)), {}, {.weights = true}).weights;
  // (1, heads, n, n): each is a product of a query and a key, and a factor of a value, of one head.
  const int64_t head_dim = attention_.inner() / weights.shape()[1];
  return projected + 2 * int64_t(weights.shape().elements()) * head_dim;
}
