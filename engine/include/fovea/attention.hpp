// Multi-head attention as layers: of a sequence to itself, and of a decoder to what an encoder made.
#pragma once

#include <optional>
#include <string>

#include "fovea/nn.hpp"

namespace fovea {

struct StepState;  // of a decoding, engine/ops/step_state.h

// How layers of attention are called.
struct LayerOptions {
  bool weights = false;             // also gives attention weights
  AttentionOptions attention = {};  // lengths: of the keys
  Dropout dropout = {};
  State* cache = nullptr;  // (2, rows, steps, width) of a decoder: takes K and V of all tokens
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
  int64_t heads() const { return heads_; }
  int64_t width() const { return out_.in(); }
  bool relative() const { return relative_.has_value(); }
  void parameters(const std::string& name, Parameters& to);  // name.qkv, name.out

 private:
  Linear qkv_, out_;
  int64_t heads_;
  std::optional<RelativePositions> relative_;
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

}  // namespace fovea
