// Layers and their parameters. A layer owns States on a device; calling it adds nodes to the graph of x.
// Parameters must outlive the plans made of those graphs.
#pragma once

#include <optional>
#include <span>

#include "fovea/ops.hpp"

namespace fovea {

// y = x W^T + b. W is kept in the panels that matmul reads.
class Linear {
 public:
  // weight: (out, in) row by row, as PyTorch stores it; bias: (out) or empty.
  Linear(Device& device, int64_t out, int64_t in, std::span<const float> weight, std::span<const float> bias);
  // x: (.., in) -> (.., out). options.bias must be absent.
  Tensor operator()(Tensor x, MatmulOptions options = {}) const;

 private:
  State weight_;  // (in, out)
  std::optional<State> bias_;
};

// Ba, Kiros, Hinton 2016, over the last axis.
class LayerNorm {
 public:
  LayerNorm(Device& device, std::span<const float> gain, std::span<const float> shift, float eps);
  Tensor operator()(Tensor x) const;  // (.., width) -> (.., width)

 private:
  State gain_, shift_;
  float eps_;
};

// Multi-head self-attention (Vaswani et al. 2017, section 3.2.2). Q, K and V are one product.
class SelfAttention {
 public:
  struct Result {
    Tensor out;      // (batch, tokens, width)
    Tensor weights;  // (batch, heads, tokens, tokens) when asked for
  };
  // qkv: width -> 3 width, the rows of W for Q, then K, then V; out: width -> width.
  SelfAttention(Linear qkv, Linear out, int64_t heads);
  // x: (batch, tokens, width); residual, like x, is added to the result.
  Result operator()(Tensor x, Tensor residual, bool weights, const AttentionOptions& options = {}) const;

 private:
  Linear qkv_, out_;
  int64_t heads_;
};

// Position-wise feed-forward network (Vaswani et al. 2017, section 3.3): down(activation(up(x))) + residual.
class FeedForward {
 public:
  FeedForward(Linear up, Linear down, Activation activation);
  Tensor operator()(Tensor x, Tensor residual) const;  // (.., width) -> (.., width)

 private:
  Linear up_, down_;
  Activation activation_;
};

// Encoder layer with the normalisations before its two blocks (Dosovitskiy et al. 2021, equations 2 and 3).
class EncoderLayer {
 public:
  EncoderLayer(LayerNorm before_attention, SelfAttention attention, LayerNorm before_feed_forward,
               FeedForward feed_forward);
  SelfAttention::Result operator()(Tensor x, bool weights) const;  // x, out: (batch, tokens, width)

 private:
  LayerNorm before_attention_;
  SelfAttention attention_;
  LayerNorm before_feed_forward_;
  FeedForward feed_forward_;
};

}  // namespace fovea
