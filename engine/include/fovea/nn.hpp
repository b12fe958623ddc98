// Layers and their parameters. A layer owns States on a device; calling it adds nodes to the graph of x.
// Parameters must outlive the plans made of those graphs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/ops.hpp"

namespace fovea {

struct StepState;  // of a decoding, engine/ops/step_state.h

// A tensor that training changes, by the name that it has in its model.
struct Parameter {
  std::string name;
  State* state = nullptr;
  bool decay = true;  // takes weight decay; gains, shifts and biases do not
};
using Parameters = std::vector<Parameter>;

// What layers are made for: for training, weights lie in rows, as in files, and can be updated in place.
enum class Use : uint8_t { inference, training };

// Drops elements of what a block adds to its residual (Srivastava et al. 2014); does nothing by default.
struct Dropout {
  float rate = 0;
  const State* generator = nullptr;  // (4) u32, see dropout()
  Tensor operator()(Tensor x) const;
};

// How layers of attention are called.
struct LayerOptions {
  bool weights = false;             // also gives attention weights
  AttentionOptions attention = {};  // lengths: of the keys
  Dropout dropout = {};
};

// y = x W^T + b.
class Linear {
 public:
  // weight: (out, in) row by row, as PyTorch stores it; bias: (out) or empty.
  Linear(Device& device, int64_t out, int64_t in, std::span<const float> weight, std::span<const float> bias,
         Use use = Use::inference);
  // x: (.., in) -> (.., out). options.bias must be absent.
  Tensor operator()(Tensor x, MatmulOptions options = {}) const;
  void parameters(const std::string& name, Parameters& to);  // name.weight, name.bias

 private:
  State weight_;  // (in, out) in the panels that matmul reads; for training (out, in) in rows
  std::optional<State> bias_;
};

// Ba, Kiros, Hinton 2016, over the last axis.
class LayerNorm {
 public:
  LayerNorm(Device& device, std::span<const float> gain, std::span<const float> shift, float eps);
  Tensor operator()(Tensor x) const;                         // (.., width) -> (.., width)
  void parameters(const std::string& name, Parameters& to);  // name.weight, name.bias

 private:
  State gain_, shift_;
  float eps_;
};

// What the distance of a key from its query adds to keys and values (Shaw et al. 2018, section 3.2).
struct RelativePositions {
  State table;  // (2, 2 reach + 1, head_dim): for keys, then for values; the distances -reach to reach
  const State* distances;  // (positions, positions) u32: rows of the table for query and key; of the model
};
// The rows min(max(j - i, -reach), reach) + reach for query i and key j.
State relative_distances(Device& device, int64_t positions, int64_t reach);

// Multi-head self-attention (Vaswani et al. 2017, section 3.2.2). Q, K and V are one product.
class SelfAttention {
 public:
  struct Result {
    Tensor out;      // (batch, tokens, width)
    Tensor weights;  // (batch, heads, tokens, tokens) when asked for
  };
  // qkv: width -> 3 width, the rows of W for Q, then K, then V; out: width -> width.
  SelfAttention(Linear qkv, Linear out, int64_t heads, std::optional<RelativePositions> relative = {});
  // x: (batch, tokens, width); residual, like x, is added to the result.
  Result operator()(Tensor x, Tensor residual, const LayerOptions& options = {}) const;
  // One token a row of a decoder, x (rows, width), after those in cache (2, rows, steps, width).
  Tensor step(Tensor x, Tensor residual, State& cache, const StepState& search) const;
  void parameters(const std::string& name, Parameters& to);  // name.qkv, name.out

 private:
  Linear qkv_, out_;
  int64_t heads_;
  std::optional<RelativePositions> relative_;
};

// Position-wise feed-forward network (Vaswani et al. 2017, section 3.3): down(activation(up(x))) + residual.
class FeedForward {
 public:
  FeedForward(Linear up, Linear down, Activation activation);
  Tensor operator()(Tensor x, Tensor residual, const Dropout& dropout = {}) const;  // both (.., width)
  void parameters(const std::string& name, Parameters& to);                         // name.up, name.down

 private:
  Linear up_, down_;
  Activation activation_;
};

// Where a layer normalises: before each block, x + f(norm(x)), or after it, norm(x + f(x)).
enum class NormPlace : uint8_t { before, after };

// Encoder layer: before is Dosovitskiy et al. 2021, equations 2 and 3, after is Vaswani et al. 2017,
// section 3.1.
class EncoderLayer {
 public:
  EncoderLayer(LayerNorm attention_norm, SelfAttention attention, LayerNorm feed_forward_norm,
               FeedForward feed_forward, NormPlace place = NormPlace::before);
  SelfAttention::Result operator()(Tensor x,
                                   const LayerOptions& options = {}) const;  // (batch, tokens, width)
  // name.attention_norm, name.attention, name.feed_forward_norm, name.feed_forward
  void parameters(const std::string& name, Parameters& to);

 private:
  LayerNorm attention_norm_;
  SelfAttention attention_;
  LayerNorm feed_forward_norm_;
  FeedForward feed_forward_;
  NormPlace place_;
};

// Attention of a decoder to what the encoder made, its memory: projected once a sentence to K and V.
class CrossAttention {
 public:
  // q, out: width -> width; kv: width -> 2 width, the rows of W for K, then V.
  CrossAttention(Linear q, Linear kv, Linear out, int64_t heads);
  Tensor memory(Tensor encoded) const;  // (batch, keys, width) -> (batch, keys, 2 width)
  // x: (batch, tokens, width); memory as memory() gives it.
  SelfAttention::Result operator()(Tensor x, Tensor residual, Tensor memory,
                                   const LayerOptions& options = {}) const;
  // One token a row: x (rows, width); weights (rows, heads, keys).
  SelfAttention::Result step(Tensor x, Tensor residual, Tensor memory, Tensor lengths,
                             const StepState& search, bool weights) const;
  void parameters(const std::string& name, Parameters& to);  // name.q, name.kv, name.out

 private:
  Linear q_, kv_, out_;
  int64_t heads_;
};

// Decoder layer (Vaswani et al. 2017, section 3.1): self-attention, attention to the memory, feed-forward.
class DecoderLayer {
 public:
  struct Norms {
    LayerNorm attention, cross, feed_forward;
  };
  DecoderLayer(Norms norms, SelfAttention attention, CrossAttention cross, FeedForward feed_forward,
               NormPlace place);
  const CrossAttention& cross() const { return cross_; }
  // All tokens at once, each seeing those before it; options.weights and .attention: of the cross attention.
  SelfAttention::Result operator()(Tensor x, Tensor memory, const LayerOptions& options = {}) const;
  // One token a row, x (rows, width), after those in cache (2, rows, steps, width); it is added there.
  SelfAttention::Result step(Tensor x, State& cache, Tensor memory, Tensor lengths, const StepState& search,
                             bool weights) const;
  // As EncoderLayer, and name.cross_norm, name.cross.
  void parameters(const std::string& name, Parameters& to);

 private:
  Norms norms_;
  SelfAttention attention_;
  CrossAttention cross_;
  FeedForward feed_forward_;
  NormPlace place_;
};

}  // namespace fovea
