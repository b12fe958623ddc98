// Every op in one line: signature, then shapes or formula. All ops add nodes to the graph of their operands;
// shapes that do not fit are an Error that names the op and both sides. Arithmetic is fp32.
#pragma once

#include <vector>

#include "fovea/graph.hpp"

namespace fovea {

enum class Activation : uint8_t { none, relu, gelu, gelu_tanh, silu };
enum class Gelu : uint8_t {
  erf,
  tanh
};  // exact (Hendrycks and Gimpel 2016, eq. 1), or its tanh approximation

struct SoftmaxOptions {
  float scale = 1;
  Tensor lengths =
      {};  // (batch) u32: columns >= lengths[first axis] get weight 0; length 0 gives a row of zeros
};
struct LayerNormOptions {
  float eps = 1e-5f;
  Tensor residual = {};  // as x: normalises x + residual
};
struct MatmulOptions {
  Tensor bias = {};  // (n)
  Activation activation = Activation::none;
  Tensor residual = {};  // (.., m, n), added last
};
struct AttentionOptions {
  float scale = 0;      // of q k^T; 0 means 1 / sqrt(head_dim)
  bool causal = false;  // query i sees keys j <= i + keys - tokens
  Tensor lengths = {};  // (batch) u32: keys >= lengths[batch] are not seen
  Tensor bias = {};     // (batch | 1, heads | 1, tokens | 1, keys), added to scaled scores
};
struct Attention {
  Tensor out;  // (batch, heads, tokens, head_dim), stored as (batch, tokens, heads, head_dim)
  Tensor lse;  // (batch, heads, tokens): log of the sum of exponentials; what attention_weights and gradients
               // need
};
struct HeadsAndRows {
  int64_t head = 0, heads = -1;  // first head, how many; -1: the rest
  int64_t row = 0, rows = -1;    // first query, how many
};
struct TopK {
  Tensor values;   // (.., k) in falling order; equal values keep the order of their index
  Tensor indices;  // (.., k) u32
};
struct CrossEntropyOptions {
  float smoothing = 0;            // share of the target that is spread over the vocabulary
  uint32_t ignored = UINT32_MAX;  // rows with this id are not counted
};
struct CrossEntropy {
  Tensor loss;   // (1): mean over the counted rows, 0 if there are none; the one with a gradient
  Tensor rows;   // (..): of each row; 0 where it is not counted
  Tensor count;  // (1): how many rows are counted
};

// Elementwise. b broadcasts over the leading axes of a it lacks, and along axes of extent 1.
Tensor add(Tensor a, Tensor b);                // a + b
Tensor mul(Tensor a, Tensor b);                // a * b
Tensor scale(Tensor x, float factor);          // factor * x
Tensor bias(Tensor x, Tensor b);               // (.., n) + (n)
Tensor relu(Tensor x);                         // max(x, 0)
Tensor gelu(Tensor x, Gelu kind = Gelu::erf);  // x/2 (1 + erf(x/sqrt 2)), or with tanh
Tensor silu(Tensor x);                         // x / (1 + exp(-x))

// Randomness. A generator is a State of 4 u32: the seed and the step, 64 bits each, lower word first. What is
// drawn depends on them and on the place in the graph alone: the same on every device.
Tensor dropout(Tensor x, float rate, const State& generator);  // 0 with probability rate, else x / (1 - rate)
Tensor advance(Graph& graph, State& generator);                // step <- step + 1, in place; behind all that
                                                               // draws, its gradients included

// Rows, along the last axis.
Tensor softmax(Tensor x, const SoftmaxOptions& options = {});  // exp(scale*x) / sum(exp(scale*x))
Tensor log_softmax(Tensor x);                                  // x - log(sum(exp(x)))
Tensor log_prob(Tensor x, Tensor ids);  // (.., n), (..) u32 -> (..): log_softmax(x)[id]; NaN where id >= n
CrossEntropy cross_entropy(Tensor logits, Tensor ids,  // (.., vocab), (..) u32: -log(softmax(logits)[id]),
                           const CrossEntropyOptions& options = {});  // NaN where id >= vocab
Tensor layer_norm(Tensor x, Tensor gain, Tensor shift,
                  const LayerNormOptions& options = {});  // Ba et al. 2016
Tensor argmax(Tensor x);                                  // (.., n) -> (..) u32, the first of equals
TopK top_k(Tensor x, int64_t k);                          // (.., n) -> (.., k), k <= n
Tensor sum(Tensor x, int axis = -1);                      // (.., n, ..) -> (.., 1, ..)
Tensor mean(Tensor x, int axis = -1);                     // (.., n, ..) -> (.., 1, ..)
Tensor max(Tensor x, int axis = -1);  // (.., n, ..) -> (.., 1, ..); its gradient goes to the first of equals

// Products.
Tensor matmul(Tensor a, Tensor b,
              const MatmulOptions& options = {});  // (.., m, k) x (.., k, n) -> (.., m, n)
Tensor pack(Tensor b);                             // (.., k, n) into the panels matmul reads
Attention attention(Tensor q, Tensor k, Tensor v,
                    const AttentionOptions& options = {});  // softmax(scale q k^T + bias) v
Tensor attention_weights(Tensor q, Tensor k, Tensor lse, const HeadsAndRows& which = {},
                         const AttentionOptions& options = {});  // -> (batch, heads, rows, keys)

// Views: no work, no copy. Ops that need rows without gaps insert contiguous() themselves.
Tensor reshape(Tensor x, const Shape& shape);                    // same elements in row order
Tensor permute(Tensor x, const std::vector<int>& axes);          // y.shape[i] = x.shape[axes[i]]
Tensor transpose(Tensor x);                                      // the last two axes swapped
Tensor slice(Tensor x, int axis, int64_t start, int64_t count);  // count extents of one axis
Tensor expand(Tensor x, const Shape& shape);  // axes of extent 1, or missing in front, repeated

// Copies.
Tensor fill(Graph& graph, const Shape& shape, float value);     // one value everywhere
Tensor contiguous(Tensor x);                                    // x itself when it has no gaps
Tensor concat(const std::vector<Tensor>& parts, int axis);      // along one axis
Tensor pad(Tensor x, int axis, int64_t before, int64_t after);  // zeros in front and behind, along one axis
Tensor embedding(Tensor table, Tensor ids);                     // (vocab, width), (..) u32 -> (.., width)
Tensor patches(Tensor image, int64_t patch);  // (batch, channels, h, w) -> (batch, h/p * w/p, channels*p*p)
Tensor assign(State& state, Tensor x);        // state <- x, in place

}  // namespace fovea
