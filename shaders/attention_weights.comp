// attention_weights: w[b, h, i, j] = exp(scale q_i k_j + bias - lse_i), 0 where query i does not see key j
// Workgroup (x, y, z) writes row first_row + at + x of head first_head + y of batch z; keys lie along lanes.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/limits.glsl"
#include "attention_weights.h"

layout(constant_id = 1) const uint kHeadDim = 64;
layout(constant_id = 2) const uint kCausal = 0;
layout(constant_id = 3) const uint kHasLengths = 0;
layout(constant_id = 4) const uint kHasBias = 0;
layout(constant_id = 5) const uint kHasAt = 0;

layout(push_constant, std430) uniform Push {
  F32 q;        // (batch, heads, tokens, head_dim), strided
  F32 k;        // (batch, heads, keys, head_dim), strided
  F32 lse;      // (batch, heads, tokens)
  U32 lengths;  // (batch)
  F32 bias;     // (batch, heads, tokens, keys), strided
  U32 at;       // (1): added to first_row
  F32 weights;  // (batch, chosen heads, rows, keys)
  AttentionWeightsParams p;
};

void main() {
  const uint asked = p.first_row + (kHasAt != 0 ? at.at[0] : 0) + gl_WorkGroupID.x;
  const bool is_row = asked < p.tokens;
  const uint row = is_row ? asked : 0, head = p.first_head + gl_WorkGroupID.y;
  const uint batch = gl_WorkGroupID.z;
  const uint q_at = batch * p.q.batch + head * p.q.head + row * p.q.token;
  const uint k_start = batch * p.k.batch + head * p.k.head;
  const uint bias_at = batch * p.bias.batch + head * p.bias.head + row * p.bias.token;
  const uint y_at = ((batch * gl_NumWorkGroups.y + gl_WorkGroupID.y) * p.rows + gl_WorkGroupID.x) * p.keys;
  const float norm = lse.at[(batch * p.heads + head) * p.tokens + row];
  uint end = p.keys;
  if (kHasLengths != 0) end = min(end, lengths.at[batch]);
  if (kCausal != 0) end = uint(clamp(int(row + 1) + int(p.keys) - int(p.tokens), 0, int(end)));

  for (uint j = gl_LocalInvocationID.x; j < p.keys; j += gl_WorkGroupSize.x) {
    float weight = 0;
    if (j < end) {
      float score = 0;
      for (uint d = 0; d < kHeadDim; ++d) score += q.at[q_at + d] * k.at[k_start + j * p.k.token + d];
      score *= p.scale;
      if (kHasBias != 0) score += bias.at[bias_at + j];
      weight = exp(score - norm);
    }
    weights.at[y_at + j] = is_row ? weight : not_a_number();
  }
}
