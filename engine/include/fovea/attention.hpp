// Multi-head attention as layers: in general, of a sequence to itself, and of a decoder to what an encoder
// made.
#pragma once

#include <optional>
#include <string>

#include "fovea/nn.hpp"

namespace fovea FOVEA_API {

struct StepState;  // of a decoding, engine/ops/step_state.h

// How layers of attention are called.
struct LayerOptions {
  bool weights = false;     // also gives attention weights, before their dropout
  HeadsAndRows which = {};  // of them; others than all only where attention is the fused one
  // lengths: of the keys, (batch), or where a call is of MultiHeadAttention of each query's, (batch, tokens).
  AttentionOptions attention = {};
  Dropout dropout = {};         // of what a block adds to its residual
  Dropout weight_dropout = {};  // of attention weights
  // (heads): factors of what each head gives, 1 where it is absent. Its gradient says how much a head counts
  // (Michel et al. 2019, section 4.1). Of stacks and decoder layers see there.
  Tensor head_mask = {};
  State* cache = nullptr;  // (2, rows, steps, width) of a decoder: takes K and V of all tokens
};

// What the distance of a key from its query adds to keys and values (Shaw et al. 2018, section 3.2).
struct RelativePositions {
  State table;  // (2, 2 reach + 1, head_dim): for keys, then for values; the distances -reach to reach
  const State* distances;  // (positions, positions) u32: rows of the table for query and key; of the model
};
// The rows min(max(j - i, -reach), reach) + reach for query i and key j.
State relative_distances(Device& device, int64_t positions, int64_t reach);

// Heads of attention, and how they compare queries with keys. All of a layer are of one size, head_dim;
// together, inner = count * head_dim, they need not be as wide as what they read. Scaled dot products of a
// head_dim that is a multiple of 4 up to 256, without relative positions, take the fused attention(), all
// else single ops.
struct AttentionHeads {
  AttentionHeads(int64_t how_many);  // 1 at least

  int64_t count;
  std::optional<RelativePositions> relative = {};
  std::optional<State> additive = {};  // (head_dim): the score is w . tanh(q + k) (Bahdanau et al. 2015)
  bool rotary = false;  // queries and keys are turned by their places, see rotary(); an even head_dim

  void parameters(const std::string& name, Parameters& to);  // name.relative, name.additive
};

// Multi-head self-attention (Vaswani et al. 2017, section 3.2.2). Q, K and V are one product.
class SelfAttention {
 public:
  struct Result {
    Tensor out;      // (batch, tokens, width)
    Tensor weights;  // (batch, heads, tokens, tokens) when asked for
  };
  // qkv: width -> 3 inner, the rows of W for Q, then K, then V; out: inner -> width, or absent: the heads
  // side by side.
  SelfAttention(Linear qkv, std::optional<Linear> out, AttentionHeads heads);
  // x: (batch, tokens, width); residual, like the result, is added to it, or absent.
  Result operator()(Tensor x, Tensor residual, const LayerOptions& options = {}) const;
  // One token a row of a decoder, x (rows, width), after those in cache (2, rows, steps, width).
  Tensor step(Tensor x, Tensor residual, State& cache, const StepState& search) const;
  const AttentionHeads& heads() const { return heads_; }
  int64_t inner() const { return qkv_.out() / 3; }
  void parameters(const std::string& name, Parameters& to);  // name.qkv, name.out, those of the heads

 private:
  Linear qkv_;
  std::optional<Linear> out_;
  AttentionHeads heads_;
};

// Attention of a decoder to what the encoder made, its memory: projected once a sentence to K and V.
class CrossAttention {
 public:
  // q: width -> inner; kv: width -> 2 inner, the rows of W for K, then V; out: inner -> width.
  CrossAttention(Linear q, Linear kv, Linear out, AttentionHeads heads);
  Tensor memory(Tensor encoded) const;  // (batch, keys, width) -> (batch, keys, 2 inner)
  // x: (batch, tokens, width); memory as memory() gives it.
  SelfAttention::Result operator()(Tensor x, Tensor residual, Tensor memory,
                                   const LayerOptions& options = {}) const;
  // One token a row: x (rows, width); weights (rows, heads, keys).
  SelfAttention::Result step(Tensor x, Tensor residual, Tensor memory, Tensor lengths,
                             const StepState& search, bool weights) const;
  const AttentionHeads& heads() const { return heads_; }
  int64_t inner() const { return q_.out(); }
  void parameters(const std::string& name, Parameters& to);  // name.q, name.kv, name.out, those of the heads

 private:
  Linear q_, kv_, out_;
  AttentionHeads heads_;
};

// Multi-head attention of any queries to any keys and values, each of a width of its own (the same paper,
// section 3.2.2).
class MultiHeadAttention {
 public:
  using Result = SelfAttention::Result;  // weights: (batch, heads, tokens, keys)
  struct Parts {
    Linear q, k, v;             // -> inner
    std::optional<Linear> out;  // inner -> any width; absent: the heads side by side
    AttentionHeads heads;
  };
  explicit MultiHeadAttention(Parts parts);
  // q: (batch, tokens, width of queries); k, v: (batch, keys, widths of theirs) -> (batch, tokens, width)
  Result operator()(Tensor q, Tensor k, Tensor v, const LayerOptions& options = {}) const;
  void parameters(const std::string& name, Parameters& to);  // name.q, .k, .v, .out, those of the heads

 private:
  Parts parts_;
};

}  // namespace fovea
