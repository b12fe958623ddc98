// Multi-head attention between projections, and the general layer.
#include <cmath>

#include "core/check.h"
#include "nn/heads.h"
#include "nn/relative.h"
#include "ops/attention.h"

namespace fovea {
namespace {

// (batch, heads, n, head_dim) -> (batch * heads, n, head_dim)
Tensor folded(Tensor x) {
  const Shape s = x.shape();
  return reshape(x, {s[0] * s[1], s[2], s[3]});
}

// (batch, heads, tokens, keys)
Tensor scores_of(const AttentionHeads& heads, const Projected& x) {
  if (heads.relative) return add(matmul(x.q, transpose(x.k)), relative_scores(x.q, x.k, *heads.relative));
  if (!heads.additive) return matmul(x.q, transpose(x.k));
  const Shape s = x.q.shape();
  const Tensor w = x.q.graph->use(*heads.additive, "additive");
  return reshape(additive_scores(folded(x.q), folded(x.k), w), {s[0], s[1], s[2], x.k.shape()[2]});
}

// softmax(scores), from single ops.
Tensor composed_weights(const AttentionHeads& heads, const Projected& x, const AttentionOptions& options) {
  const int64_t head_dim = x.q.shape()[3];
  float factor = options.scale == 0 ? 1 / std::sqrt(float(head_dim)) : options.scale;
  if (heads.additive) factor = 1;
  Tensor scores = scores_of(heads, x);
  if (options.bias) {
    scores = add(factor == 1 ? scores : scale(scores, factor), options.bias);
    factor = 1;
  }
  return softmax(scores, {.scale = factor, .lengths = options.lengths, .causal = options.causal});
}

}  // namespace

SelfAttention::Result attend_heads(const AttentionHeads& heads, const Projected& x,
                                   const LayerOptions& given) {
  const AttentionOptions& options = given.attention;
  FOVEA_CHECK(!heads.relative || !heads.additive, "attention: relative positions of additive scores");
  const bool rows_of_lengths = options.lengths && options.lengths.shape().rank() > 1;
  // What distances add to values takes the weights, and their gradient.
  const bool fused = has_attention(x.q.shape()[3]) && !heads.additive && !heads.relative &&
                     !rows_of_lengths && given.weight_dropout.rate == 0;
  const bool chosen = given.which.rows >= 0 || given.which.heads >= 0 || given.which.at;
  FOVEA_CHECK(fused || !chosen, "attention: weights of chosen heads or rows, which only fused attention has");
  SelfAttention::Result result;
  Tensor out;  // (batch, heads, tokens, head_dim)
  if (!fused) {
    result.weights = composed_weights(heads, x, options);
    const Tensor kept = given.weight_dropout(result.weights);
    out = matmul(kept, x.v);
    if (heads.relative) out = add(out, relative_values(kept, *heads.relative));
  } else {
    const Attention attended = attention(x.q, x.k, x.v, options);
    if (given.weights) result.weights = attention_weights(x.q, x.k, attended.lse, given.which, options);
    out = attended.out;
  }
  if (!given.weights) result.weights = {};
  const Shape s = out.shape();
  out = permute(out, {0, 2, 1, 3});  // (batch, tokens, heads, head_dim), as attention stores it
  if (given.head_mask) {
    FOVEA_CHECK(given.head_mask.shape() == Shape({heads.count}), "attention: a head mask ",
                given.head_mask.shape(), " for ", heads.count, " heads");
    out = mul(out, reshape(given.head_mask, {heads.count, 1}));
  }
  result.out = reshape(out, {s[0], s[2], s[1] * s[3]});
  return result;
}

StepHeads step_heads(const AttentionHeads& heads) {
  return {.count = heads.count,
          .relative = heads.relative ? &heads.relative->table : nullptr,
          .additive = heads.additive ? &*heads.additive : nullptr};
}

AttentionHeads::AttentionHeads(int64_t how_many) : count(how_many) {
  FOVEA_CHECK(count >= 1, "attention: ", count, " heads, needs one at least");
}

void AttentionHeads::parameters(const std::string& name, Parameters& to) {
  if (relative) to.push_back({name + ".relative", &relative->table});
  if (additive) to.push_back({name + ".additive", &*additive});
}

MultiHeadAttention::MultiHeadAttention(Parts parts) : parts_(std::move(parts)) {
  const Parts& p = parts_;
  FOVEA_CHECK(p.q.out() == p.k.out() && p.k.out() == p.v.out(), "multi-head attention: queries of ",
              p.q.out(), ", keys of ", p.k.out(), " and values of ", p.v.out());
  FOVEA_CHECK(p.q.out() % p.heads.count == 0, "multi-head attention: ", p.q.out(), " is no multiple of ",
              p.heads.count, " heads");
  FOVEA_CHECK(!p.out || p.out->in() == p.q.out(), "multi-head attention: heads of ", p.q.out(),
              " together, the output takes ", p.out ? p.out->in() : 0);
}

SelfAttention::Result MultiHeadAttention::operator()(Tensor q, Tensor k, Tensor v,
                                                     const LayerOptions& options) const {
  const Parts& p = parts_;
  const auto split = [&](Tensor x) { return split_heads(x, 0, 1, p.heads.count); };
  Tensor queries = split(p.q(q)), keys = split(p.k(k)), values = split(p.v(v));
  if (p.heads.rotary) queries = rotary(queries), keys = rotary(keys);
  Result result = attend_heads(p.heads, {queries, keys, values}, options);
  result.out = added(p.out, result.out, {}, options.dropout);  // (batch, tokens, width)
  return result;
}

void MultiHeadAttention::parameters(const std::string& name, Parameters& to) {
  parts_.q.parameters(name + ".q", to);
  parts_.k.parameters(name + ".k", to);
  parts_.v.parameters(name + ".v", to);
  if (parts_.out) parts_.out->parameters(name + ".out", to);
  parts_.heads.parameters(name, to);
}

}  // namespace fovea
