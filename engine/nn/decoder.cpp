#include "fovea/stacks.hpp"
#include "nn/heads.h"
#include "ops/attention_step.h"

namespace fovea {

CrossAttention::CrossAttention(Linear q, Linear kv, Linear out, int64_t heads)
    : q_(std::move(q)), kv_(std::move(kv)), out_(std::move(out)), heads_(heads) {}

Tensor CrossAttention::memory(Tensor encoded) const { return kv_(encoded); }

SelfAttention::Result CrossAttention::operator()(Tensor x, Tensor residual, Tensor memory,
                                                 const LayerOptions& options) const {
  const Tensor q = split_heads(q_(x), 0, 1, heads_);  // (batch, heads, tokens, head_dim)
  const Tensor k = split_heads(memory, 0, 2, heads_), v = split_heads(memory, 1, 2, heads_);
  const Attention attended = attention(q, k, v, options.attention);
  SelfAttention::Result result{.out = added(out_, merge_heads(attended.out), residual, options.dropout),
                               .weights = {}};
  if (options.weights) result.weights = attention_weights(q, k, attended.lse, {}, options.attention);
  return result;
}

void CrossAttention::parameters(const std::string& name, Parameters& to) {
  q_.parameters(name + ".q", to);
  kv_.parameters(name + ".kv", to);
  out_.parameters(name + ".out", to);
}

SelfAttention::Result CrossAttention::step(Tensor x, Tensor residual, Tensor memory, Tensor lengths,
                                           const StepState& search, bool weights) const {
  const int64_t batch = search.params.batch, beams = search.params.beams, width = x.shape().back();
  if (beams == 1 || weights) {
    const AttentionStep attended = attention_step(q_(x), search, memory, lengths, heads_);
    return {.out = out_(attended.out, {.residual = residual}), .weights = attended.weights};
  }
  // The beams of a sentence are the tokens of one tile: they share each load of K and V.
  const Shape folded{batch, beams, width}, rows = x.shape();
  const Tensor out =
      (*this)(reshape(x, folded), reshape(residual, folded), memory, {.attention = {.lengths = lengths}}).out;
  return {.out = reshape(out, rows), .weights = {}};
}

DecoderLayer::DecoderLayer(Norms norms, SelfAttention attention, CrossAttention cross,
                           FeedForward feed_forward, NormPlace place)
    : norms_(std::move(norms)),
      attention_(std::move(attention)),
      cross_(std::move(cross)),
      feed_forward_(std::move(feed_forward)),
      place_(place) {}

SelfAttention::Result DecoderLayer::operator()(Tensor x, Tensor memory, const LayerOptions& options) const {
  SelfAttention::Result result;
  const LayerOptions before{.attention = {.causal = true}, .dropout = options.dropout};
  const Tensor h = normalised(place_, norms_.attention, x, [&](Tensor y) {
    return attention_(y, x, before).out;  // (batch, tokens, width), as all below
  });
  const Tensor c = normalised(place_, norms_.cross, h, [&](Tensor y) {
    result = cross_(y, h, memory, options);
    return result.out;
  });
  result.out = normalised(place_, norms_.feed_forward, c,
                          [&](Tensor y) { return feed_forward_(y, c, options.dropout); });
  return result;
}

void DecoderLayer::parameters(const std::string& name, Parameters& to) {
  norms_.attention.parameters(name + ".attention_norm", to);
  attention_.parameters(name + ".attention", to);
  norms_.cross.parameters(name + ".cross_norm", to);
  cross_.parameters(name + ".cross", to);
  norms_.feed_forward.parameters(name + ".feed_forward_norm", to);
  feed_forward_.parameters(name + ".feed_forward", to);
}

SelfAttention::Result DecoderLayer::step(Tensor x, State& cache, Tensor memory, Tensor lengths,
                                         const StepState& search, bool weights) const {
  SelfAttention::Result result;
  const Tensor h = normalised(place_, norms_.attention, x, [&](Tensor y) {
    return attention_.step(y, x, cache, search);  // (rows, width), as all below
  });
  const Tensor c = normalised(place_, norms_.cross, h, [&](Tensor y) {
    result = cross_.step(y, h, memory, lengths, search, weights);
    return result.out;
  });
  result.out = normalised(place_, norms_.feed_forward, c, [&](Tensor y) { return feed_forward_(y, c); });
  return result;
}

}  // namespace fovea
