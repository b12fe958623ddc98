// attention_grad_q: dq = scale ds k, ds = p (dout v^T - delta), p = exp(scale q k^T + bias - lse) / z
// For GPUs: a workgroup owns kOwn queries, keys are streamed, see attention_grad_shared.glsl. delta, 1 / z
// and queries without keys as in attention_grad_q_register.comp.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/attention_grad_shared.glsl"

layout(push_constant, std430) uniform Push {
  F32x4 q;      // (batch, heads, tokens, head_dim), strided; every row without gaps and on 16 bytes
  F32x4 k;      // (batch, heads, keys, head_dim), likewise
  F32x4 v;      // as k
  U32 lengths;  // (batch)
  F32 bias;     // (batch, heads, tokens, keys), strided
  F32x4 dout;   // (batch, tokens, heads, head_dim)
  F32 lse;      // (batch, heads, tokens)
  F32x4 y;      // out, as dout
  F32x4 dq;     // as dout
  F32 rows;     // (batch, heads, tokens, 2): delta, 1 / z
  AttentionGradParams p;
};

// sum(dout out) of the group's rows.
vec4 sum_along(uint row, uint group, uint c) {
  vec4 sum = vec4(0);
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    if (row + i >= p.tokens) continue;
    const uint at = (start_of_out(p.tokens) + (row + i) * stride_of_out()) / 4;
    [[dont_unroll]] for (uint quad = c; quad < kQuads; quad += kGroupLanes)
      sum[i] = times(y.at[at + quad], tiles[kSecond + (4 * group + i) * kStride + quad], sum[i]);
  }
  return group_sum(sum, group);
}

void add_bias(uvec4 tokens, uint first_key, uint c) {
  const uvec4 at_row = start_of(p.bias) + tokens * p.bias.token;
  [[unroll]] for (uint x = 0; x < kLaneSteps; ++x) {
    const uvec4 at = at_row + min(first_key + c + x * kGroupLanes, p.keys - 1);
    dots[x] += vec4(bias.at[at.x], bias.at[at.y], bias.at[at.z], bias.at[at.w]);
  }
}

void main() {
  const uint group = gl_LocalInvocationID.x / kGroupLanes, c = gl_LocalInvocationID.x % kGroupLanes;
  const uint first_row = gl_WorkGroupID.x * kOwn, row = first_row + 4 * group;
  // Row i sees keys below seen[i]; none sees those from end on.
  const uint limit = kHasLengths ? min(p.keys, lengths.at[gl_WorkGroupID.z]) : p.keys;
  uvec4 seen = uvec4(limit);
  uint end = limit;
  if (kCausal) {
    const int past = int(p.keys) - int(p.tokens) + 1;
    seen = uvec4(clamp(int(row) + ivec4(0, 1, 2, 3) + past, ivec4(0), ivec4(limit)));
    end = uint(clamp(int(min(first_row + kOwn, p.tokens)) - 1 + past, 0, int(limit)));
  }
  const bool multiplies = kStep % kGroupLanes == 0 || c < kStep;
  const uvec4 tokens = min(row + uvec4(0, 1, 2, 3), uvec4(p.tokens - 1));
  const uint lse_at = (gl_WorkGroupID.z * gl_NumWorkGroups.y + gl_WorkGroupID.y) * p.tokens;
  const uvec4 at = lse_at + tokens;
  const vec4 norm = vec4(lse.at[at.x], lse.at[at.y], lse.at[at.z], lse.at[at.w]);

  put(kFirst, kOwn, q, start_of(p.q), p.q.token, first_row, p.tokens, p.scale);
  put(kSecond, kOwn, dout, start_of_out(p.tokens), stride_of_out(), first_row, p.tokens, 1);
  barrier();
  const vec4 delta = sum_along(row, group, c);
  vec4 total = vec4(0);
  [[unroll]] for (uint i = 0; i < 4 * kLaneQuads; ++i) sums[i] = vec4(0);
  [[dont_unroll]] for (uint first = 0; first < end; first += kStep) {
    put(kOther, kStep, v, start_of(p.kv), p.kv.token, first, end, 1);
    barrier();
    vec4 dweights[kLaneSteps];
    if (multiplies) multiply(kSecond, group, c);
    [[unroll]] for (uint x = 0; x < kLaneSteps; ++x) dweights[x] = dots[x];
    barrier();
    put(kOther, kStep, k, start_of(p.kv), p.kv.token, first, end, 1);
    barrier();
    if (multiplies) {
      multiply(kFirst, group, c);
      if (kHasBias) add_bias(tokens, first, c);
      [[unroll]] for (uint x = 0; x < kLaneSteps; ++x) {
        const uint step = c + x * kGroupLanes;
        const vec4 weight = mix(vec4(0), falling_exp(dots[x] - norm), lessThan(uvec4(first + step), seen));
        total += weight;
        weights[group * (kStep + 1) + step] = weight * (dweights[x] - delta);
      }
    }
    barrier();
    accumulate(0, group, c, min(kStep, end - first));
    barrier();
  }
  total = group_sum(total, group);
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    if (row + i >= p.tokens) continue;
    const float part = total[i] == 0 ? 0 : 1 / total[i];
    store(dq, start_of_out(p.tokens) + (row + i) * stride_of_out(), 0, i, c, part * p.scale);
    if (c == 0) {
      rows.at[2 * (lse_at + row + i)] = delta[i];
      rows.at[2 * (lse_at + row + i) + 1] = part;
    }
  }
}
