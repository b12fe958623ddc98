// What attention and attention_weights check and share.
#pragma once

#include "ops/shapes.h"
#include "shaders/attention.h"

namespace fovea {

struct AttentionShape {
  int64_t batch, heads, tokens, keys, head_dim;
};

// Whether attention takes heads of this size.
inline bool has_attention(int64_t head_dim) { return head_dim >= 4 && head_dim % 4 == 0 && head_dim <= 256; }

// Checks q, k and the options, fills in the default scale and broadcasts the bias; operands whose last axis
// has gaps become copies.
AttentionShape check_attention(const char* op, Tensor& q, Tensor& k, AttentionOptions& options);

// A copy of x if its rows do not start on 16 bytes: kernels read head_dim in pairs and quads.
Tensor on_quads(Tensor x);

// Of a (batch, heads, tokens, head_dim) tensor; 0 along axes of one element.
AttentionStrides attention_strides(Tensor x);

// What attention computed from what; options as check_attention leaves them.
struct AttentionCall {
  Tensor q, k, v;   // (batch, heads, tokens or keys, head_dim), on quads
  Tensor out, lse;  // (batch, tokens, heads, head_dim), (batch, heads, tokens)
  AttentionOptions options;
};

// Gradients of q, k, v, lengths (none) and bias, this one not yet summed over what the bias is broadcast
// along. dout: as out.
std::vector<Tensor> attention_grad(const AttentionCall& of, Tensor dout);

}  // namespace fovea
