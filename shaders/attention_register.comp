// attention: out = softmax(scale q k^T + bias) v, tile by tile over keys with a running maximum and sum
// One subgroup a workgroup owns kRows queries of one head; scores have keys along lanes, sums have head_dim along them.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "common/buffer.glsl"
#include "attention.h"

layout(constant_id = 1) const uint kRows = 8;
layout(constant_id = 2) const uint kKeys = 32;  // of a step, a multiple of the lanes
layout(constant_id = 3) const uint kHeadDim = 64;
layout(constant_id = 4) const uint kCausal = 0;
layout(constant_id = 5) const uint kHasLengths = 0;
layout(constant_id = 6) const uint kHasBias = 0;

layout(push_constant, std430) uniform Push {
  F32 q;        // (batch, heads, tokens, head_dim), strided
  F32 k;        // (batch, heads, keys, head_dim), strided
  F32 v;        // as k
  U32 lengths;  // (batch)
  F32 bias;     // (batch, heads, tokens, keys), strided
  F32 out_;     // (batch, tokens, heads, head_dim)
  F32 lse;      // (batch, heads, tokens)
  AttentionParams p;
};

const float kHidden = -3.402823466e38;      // score of a key that is not seen
const float kLowest = -3.402823466e38 / 2;  // first maximum: hidden - lowest underflows to weight 0
const uint kLanes = gl_WorkGroupSize.x;
const uint kLaneKeys = kKeys / kLanes;
const uint kLaneDims = (kHeadDim + kLanes - 1) / kLanes;

void main() {
  const uint lane = gl_LocalInvocationID.x;
  const uint first = gl_WorkGroupID.x * kRows, head = gl_WorkGroupID.y, batch = gl_WorkGroupID.z;
  const uint heads = gl_NumWorkGroups.y;
  const uint k_start = batch * p.k.batch + head * p.k.head;
  const uint v_start = batch * p.v.batch + head * p.v.head;
  uint q_at[kRows];
  [[unroll]] for (uint r = 0; r < kRows; ++r)
    q_at[r] = batch * p.q.batch + head * p.q.head + min(first + r, p.tokens - 1) * p.q.token;

  uint end = p.keys;
  if (kHasLengths != 0) end = min(end, lengths.at[batch]);
  // Query i sees keys j <= i + keys - tokens; the last query of the tile sees most.
  if (kCausal != 0) end = uint(clamp(int(first + kRows) + int(p.keys) - int(p.tokens), 0, int(end)));

  float highest[kRows], total[kRows], sum[kRows * kLaneDims];
  [[unroll]] for (uint r = 0; r < kRows; ++r) highest[r] = kLowest;
  [[unroll]] for (uint r = 0; r < kRows; ++r) total[r] = 0;
  [[unroll]] for (uint i = 0; i < kRows * kLaneDims; ++i) sum[i] = 0;

  for (uint key0 = 0; key0 < end; key0 += kKeys) {
    float score[kRows * kLaneKeys];
    [[unroll]] for (uint i = 0; i < kRows * kLaneKeys; ++i) score[i] = 0;
    uint k_at[kLaneKeys];
    [[unroll]] for (uint c = 0; c < kLaneKeys; ++c)
      k_at[c] = k_start + min(key0 + c * kLanes + lane, p.keys - 1) * p.k.token;

    for (uint d0 = 0; d0 < kHeadDim; d0 += 4) {
      [[unroll]] for (uint d = 0; d < 4; ++d) {
        float key[kLaneKeys];
        [[unroll]] for (uint c = 0; c < kLaneKeys; ++c) key[c] = k.at[k_at[c] + d0 + d];
        [[unroll]] for (uint r = 0; r < kRows; ++r) {
          const float query = q.at[q_at[r] + d0 + d];
          [[unroll]] for (uint c = 0; c < kLaneKeys; ++c) score[r * kLaneKeys + c] += query * key[c];
        }
      }
    }

    [[unroll]] for (uint r = 0; r < kRows; ++r) {
      float top = highest[r];
      [[unroll]] for (uint c = 0; c < kLaneKeys; ++c) {
        const uint j = key0 + c * kLanes + lane;
        float s = score[r * kLaneKeys + c] * p.scale;
        if (kHasBias != 0)
          s += bias.at[batch * p.bias.batch + head * p.bias.head + min(first + r, p.tokens - 1) * p.bias.token +
                       min(j, p.keys - 1)];
        const bool late = kCausal != 0 && int(j) > int(first + r) + int(p.keys) - int(p.tokens);
        score[r * kLaneKeys + c] = j >= end || late ? kHidden : s;
        top = max(top, score[r * kLaneKeys + c]);
      }
      top = subgroupMax(top);
      const float fade = exp(highest[r] - top);
      highest[r] = top;
      total[r] *= fade;
      [[unroll]] for (uint o = 0; o < kLaneDims; ++o) sum[r * kLaneDims + o] *= fade;
      [[unroll]] for (uint c = 0; c < kLaneKeys; ++c) {
        score[r * kLaneKeys + c] = exp(score[r * kLaneKeys + c] - top);
        total[r] += score[r * kLaneKeys + c];
      }
    }

    [[unroll]] for (uint c = 0; c < kLaneKeys; ++c) {
      [[unroll]] for (uint i = 0; i < kLanes; ++i) {
        const uint v_at = v_start + min(key0 + c * kLanes + i, end - 1) * p.v.token;
        float value[kLaneDims];
        [[unroll]] for (uint o = 0; o < kLaneDims; ++o) value[o] = v.at[v_at + min(o * kLanes + lane, kHeadDim - 1)];
        [[unroll]] for (uint r = 0; r < kRows; ++r) {
          const float weight = subgroupBroadcast(score[r * kLaneKeys + c], i);
          [[unroll]] for (uint o = 0; o < kLaneDims; ++o) sum[r * kLaneDims + o] += weight * value[o];
        }
      }
    }
  }

  [[unroll]] for (uint r = 0; r < kRows; ++r) {
    const float whole = subgroupAdd(total[r]);
    if (first + r >= p.tokens) continue;
    // A row that sees no key has sum 0 and gives zeros.
    const float share = whole == 0 ? 0 : 1 / whole;
    [[unroll]] for (uint o = 0; o < kLaneDims; ++o)
      if (o * kLanes + lane < kHeadDim)
        out_.at[((batch * p.tokens + first + r) * heads + head) * kHeadDim + o * kLanes + lane] =
            sum[r * kLaneDims + o] * share;
    if (lane == 0) lse.at[(batch * heads + head) * p.tokens + first + r] = whole == 0 ? kLowest : highest[r] + log(whole);
  }
}
