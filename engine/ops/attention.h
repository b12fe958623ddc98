// What attention and attention_weights check and share.
#pragma once

#include "ops/shapes.h"
#include "shaders/attention.h"

namespace fovea {

struct AttentionShape {
  int64_t batch, heads, tokens, keys, head_dim;
};

// Checks q, k and the options, fills in the default scale and broadcasts the bias; operands whose last axis
// has gaps become copies.
AttentionShape check_attention(const char* op, Tensor& q, Tensor& k, AttentionOptions& options);

// Of a (batch, heads, tokens, head_dim) tensor.
AttentionStrides attention_strides(Tensor x);

}  // namespace fovea
