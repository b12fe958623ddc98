// What encoder and decoder layers share: heads as views, and the place of the normalisation.
#pragma once

#include "core/check.h"
#include "fovea/stacks.hpp"

namespace fovea {

// Part `part` of `parts` side by side: x (batch, tokens, parts * width) -> (batch, heads, tokens, head_dim)
inline Tensor split_heads(Tensor x, int64_t part, int64_t parts, int64_t heads) {
  const int64_t batch = x.shape()[0], tokens = x.shape()[1], width = x.shape()[2] / parts;
  FOVEA_CHECK(width % heads == 0, "attention: width ", width, " is no multiple of ", heads, " heads");
  const Tensor columns = slice(x, -1, part * width, width);  // (batch, tokens, width)
  return permute(reshape(columns, {batch, tokens, heads, width / heads}), {0, 2, 1, 3});
}

// (batch, heads, tokens, head_dim), as attention stores it, -> (batch, tokens, width): a view
inline Tensor merge_heads(Tensor x) {
  const Shape& s = x.shape();
  return reshape(permute(x, {0, 2, 1, 3}), {s[0], s[2], s[1] * s[3]});
}

// last(x) + residual, with dropout in between.
inline Tensor added(const Linear& last, Tensor x, Tensor residual, const Dropout& dropout) {
  if (dropout.rate == 0) return last(x, {.residual = residual});
  return add(dropout(last(x)), residual);
}

// block(y) gives x + f(y).
template <class Block>
Tensor normalised(NormPlace place, const LayerNorm& norm, Tensor x, const Block& block) {
  return place == NormPlace::before ? block(norm(x)) : norm(block(x));
}

}  // namespace fovea
