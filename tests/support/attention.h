// Attention in double precision, for the tests of attention, its gradients and attention_weights.
#pragma once

#include <array>
#include <vector>

#include "support/check.h"

namespace fovea::test {

// Operands lie as (batch, heads, tokens or keys, head_dim) without gaps.
struct AttentionCase {
  int64_t batch, heads, tokens, keys, head_dim;
  double scale;
  std::vector<float> q = {}, k = {}, v = {};
  bool causal = false;
  std::vector<uint32_t> lengths = {};        // of each sequence; empty: all keys
  std::vector<float> bias = {};              // empty: none
  std::array<int64_t, 3> bias_strides = {};  // from batch to batch, head to head, token to token

  size_t query_at(int64_t b, int64_t h, int64_t i, int64_t d) const {
    return size_t(((b * heads + h) * tokens + i) * head_dim + d);
  }
  size_t key_at(int64_t b, int64_t h, int64_t j, int64_t d) const {
    return size_t(((b * heads + h) * keys + j) * head_dim + d);
  }
  bool seen(int64_t b, int64_t i, int64_t j) const {
    return (lengths.empty() || j < int64_t(lengths[size_t(b)])) && (!causal || j <= i + keys - tokens);
  }
};

struct AttentionRow {
  std::vector<double> weights;  // (keys)
  double lse;                   // -FLT_MAX / 2 when nothing is seen
};
AttentionRow attention_row(const AttentionCase& x, int64_t b, int64_t h, int64_t i);

// Random operands, q and k between -size and size: scores of some +-5, or +-1 where size is 1.
AttentionCase random_attention(int64_t batch, int64_t heads, int64_t tokens, int64_t keys, int64_t head_dim,
                               float size = 2);

// Cases that are easy to get wrong. Causal, with as many keys as queries, more and fewer:
std::vector<AttentionCase> causal_attentions();
// Sequences of every kind of length, NaN and inf beyond it:
AttentionCase masked_attention(bool causal);
// A bias of (batch, heads, tokens, 37), each the case's own extent or 1:
AttentionCase biased_attention(int64_t batch, int64_t heads, int64_t tokens);
// A bias (1, 1, 9, 37) of -inf that hides keys, and all of them from query 4:
AttentionCase hiding_attention();

// A case as a graph: its operands as inputs, and its options.
struct AttentionGraph {
  explicit AttentionGraph(const AttentionCase& x, const Shape& bias_shape = {});
  Graph graph;
  Tensor q, k, v;
  AttentionOptions options;
  std::vector<Input> inputs;
};

struct AttentionResults {
  std::vector<float> out, lse;  // (batch, heads, tokens, head_dim), (batch, heads, tokens)
};
AttentionResults run_both(Graph& graph, const std::vector<Input>& inputs, const Attention& made);

// Compares both results with the loops; rows that see nothing must be exact.
void check_attention_results(const AttentionResults& got, const AttentionCase& x);

// A gradient, and for each of its elements the sum of the sizes of all that is added up for it: what
// roundings are relative to. 0 where nothing is.
struct AttentionGradient {
  std::vector<double> value, size;
};
struct AttentionGradients {
  AttentionGradient q, k, v, bias;
};
// Of the sum of dout * out; dout as q.
AttentionGradients attention_gradients(const AttentionCase& x, const std::vector<float>& dout);
void check_attention_gradient(const std::vector<float>& got, const AttentionGradient& want);

}  // namespace fovea::test
