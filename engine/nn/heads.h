// What layers of attention, encoders and decoders share: heads as views, attention between them, and the
// place of the normalisation.
#pragma once

#include "core/check.h"
#include "fovea/stacks.hpp"
#include "ops/attention_step.h"

namespace fovea {

// Part `part` of `parts` side by side: x (batch, tokens, parts * width) -> (batch, heads, tokens, head_dim)
inline Tensor split_heads(Tensor x, int64_t part, int64_t parts, int64_t heads) {
  const int64_t batch = x.shape()[0], tokens = x.shape()[1], width = x.shape()[2] / parts;
  FOVEA_CHECK(width % heads == 0, "attention: width ", width, " is no multiple of ", heads, " heads");
  const Tensor columns = slice(x, -1, part * width, width);  // (batch, tokens, width)
  return permute(reshape(columns, {batch, tokens, heads, width / heads}), {0, 2, 1, 3});
}

// Queries, keys and values, (batch, heads, tokens or keys, head_dim).
struct Projected {
  Tensor q, k, v;
};
// out: (batch, tokens, inner), the heads side by side; weights when asked for, (batch, heads, tokens, keys).
// Queries and keys of rotary heads are turned before.
SelfAttention::Result attend_heads(const AttentionHeads& heads, const Projected& x,
                                   const LayerOptions& options);

// What attention_step takes of them.
StepHeads step_heads(const AttentionHeads& heads);

// Row i of a mask of the heads of several layers or attentions, (n, ..) -> (..); absent: absent.
inline Tensor row_of_mask(Tensor mask, int64_t i) {
  if (!mask) return mask;
  return reshape(slice(mask, 0, i, 1), mask.shape().slice(1, mask.shape().rank()));
}

// last(x) + residual, with dropout in between; last and residual may be absent.
inline Tensor added(const Linear* last, Tensor x, Tensor residual, const Dropout& dropout) {
  if (last && dropout.rate == 0) return (*last)(x, {.residual = residual});
  const Tensor y = dropout(last ? (*last)(x) : x);
  return residual ? add(y, residual) : y;
}
inline Tensor added(const std::optional<Linear>& last, Tensor x, Tensor residual, const Dropout& dropout) {
  return added(last ? &*last : nullptr, x, residual, dropout);
}

// block(y) gives x + f(y).
template <class Block>
Tensor normalised(NormPlace place, const LayerNorm& norm, Tensor x, const Block& block) {
  return place == NormPlace::before ? block(norm(x)) : norm(block(x));
}

}  // namespace fovea
