// The three layers that are compared, all from `width` to `width`, and what they multiply.
#pragma once

#include <array>
#include <fovea/fovea.hpp>

using Floats = std::vector<float>;

enum class Kind : uint8_t { cnn, rnn, attention };
constexpr std::array kKinds{Kind::cnn, Kind::rnn, Kind::attention};
const char* name(Kind kind);

Floats random_floats(size_t count, uint64_t seed);  // between -1 and 1

class Layers {
 public:
  // kernel: odd, of the convolution.
  Layers(fovea::Device& device, int64_t width, int64_t kernel, uint64_t seed);

  // A sequence of n positions as the layer reads and writes it: (1, width, 1, n), (n, 1, width) or
  // (1, n, width).
  fovea::Shape shape(Kind kind, int64_t n) const;
  fovea::Tensor operator()(Kind kind, fovea::Tensor x) const;

  // Counted: each position meets each weight once; of attention also two products of what it weighs with.
  int64_t multiply_adds(Kind kind, int64_t n) const;

  int64_t width() const { return width_; }
  const fovea::Rnn& rnn() const { return rnn_; }
  const fovea::SelfAttention& attention() const { return attention_; }

 private:
  int64_t width_;
  fovea::Conv2d cnn_;
  fovea::Rnn rnn_;
  fovea::SelfAttention attention_;
  std::array<int64_t, kKinds.size()> weights_{};  // elements of all matrices
};
