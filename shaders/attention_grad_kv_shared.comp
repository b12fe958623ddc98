// attention_grad_kv: dk = scale ds^T q, dv = p^T dout, p and ds as in attention_grad_q_shared.comp
// For GPUs: a workgroup owns kOwn keys, queries are streamed, see attention_grad_shared.glsl. With
// kOnlyBias it writes ds instead, the gradient of a bias that nothing broadcasts.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference_uvec2 : require
#include "common/buffer.glsl"
#include "common/attention_grad_shared.glsl"

layout(constant_id = 7) const bool kOnlyBias = false;

layout(push_constant, std430) uniform Push {
  F32x4 q;      // (batch, heads, tokens, head_dim), strided; every row without gaps and on 16 bytes
  F32x4 k;      // (batch, heads, keys, head_dim), likewise
  F32x4 v;      // as k
  U32 lengths;  // (batch)
  F32 bias;     // (batch, heads, tokens, keys), strided
  F32x4 dout;   // (batch, tokens, heads, head_dim)
  F32 lse;      // (batch, heads, tokens)
  F32 rows;     // (batch, heads, tokens, 2): delta, 1 / z
  uvec2 dk;     // (batch, keys, heads, head_dim); with kOnlyBias ds: (batch, heads, tokens, keys)
  F32x4 dv;     // as dk; not with kOnlyBias
  AttentionGradParams p;
};

vec4 bias_of(uint token, uvec4 key) {
  const uvec4 at = start_of(p.bias) + token * p.bias.token + min(key, uvec4(p.keys - 1));
  return vec4(bias.at[at.x], bias.at[at.y], bias.at[at.z], bias.at[at.w]);
}

void store_ds(uint at, uvec4 key, vec4 ds) {
  F32 to = F32(dk);
  [[unroll]] for (uint i = 0; i < 4; ++i)
    if (key[i] < p.keys) to.at[at + key[i]] = ds[i];
}

void main() {
  const uint group = gl_LocalInvocationID.x / kGroupLanes, c = gl_LocalInvocationID.x % kGroupLanes;
  const uint first_key = gl_WorkGroupID.x * kOwn;
  const uvec4 key = first_key + 4 * group + uvec4(0, 1, 2, 3);
  const uint limit = kHasLengths ? min(p.keys, lengths.at[gl_WorkGroupID.z]) : p.keys;
  // Key i is seen by the queries from first_seen[i] on.
  uvec4 first_seen = uvec4(0);
  if (kCausal) first_seen = uvec4(max(ivec4(key + p.tokens) - int(p.keys), ivec4(0)));
  first_seen = mix(first_seen, uvec4(p.tokens), greaterThanEqual(key, uvec4(limit)));
  uint start = kCausal ? uint(max(int(first_key + p.tokens) - int(p.keys), 0)) : 0;
  if (first_key >= limit) start = p.tokens;
  if (kOnlyBias) start = 0;  // zeros are written, too
  const bool multiplies = kStep % kGroupLanes == 0 || c < kStep;
  const uint lse_at = (gl_WorkGroupID.z * gl_NumWorkGroups.y + gl_WorkGroupID.y) * p.tokens;

  put(kFirst, kOwn, k, start_of(p.kv), p.kv.token, first_key, limit, 1);
  put(kSecond, kOwn, v, start_of(p.kv), p.kv.token, first_key, limit, 1);
  [[unroll]] for (uint i = 0; i < 8 * kLaneQuads; ++i) sums[i] = vec4(0);
  [[dont_unroll]] for (uint first = start; first < p.tokens; first += kStep) {
    const uint count = min(kStep, p.tokens - first);
    vec4 weight[kLaneSteps];
    put(kOther, kStep, q, start_of(p.q), p.q.token, first, p.tokens, p.scale);
    barrier();
    if (multiplies) {
      multiply(kFirst, group, c);
      [[unroll]] for (uint x = 0; x < kLaneSteps; ++x) {
        const uint step = c + x * kGroupLanes, token = min(first + step, p.tokens - 1);
        vec4 s = dots[x] - lse.at[lse_at + token];
        if (kHasBias) s = dots[x] + bias_of(token, key) - lse.at[lse_at + token];
        const bvec4 sees = greaterThanEqual(uvec4(first + step), first_seen);
        weight[x] = mix(vec4(0), rows.at[2 * (lse_at + token) + 1] * falling_exp(s), sees);
        if (step >= count) weight[x] = vec4(0);
        weights[group * (kStep + 1) + step] = weight[x];
      }
    }
    barrier();
    put(kOther, kStep, dout, start_of_out(p.tokens), stride_of_out(), first, p.tokens, 1);
    barrier();
    if (!kOnlyBias) accumulate(1, group, c, count);
    if (multiplies) multiply(kSecond, group, c);
    barrier();
    if (multiplies) {
      [[unroll]] for (uint x = 0; x < kLaneSteps; ++x) {
        const uint step = c + x * kGroupLanes, token = min(first + step, p.tokens - 1);
        const vec4 ds = weight[x] * (dots[x] - rows.at[2 * (lse_at + token)]);
        weights[group * (kStep + 1) + step] = ds;
        const bvec4 sees = greaterThanEqual(uvec4(first + step), first_seen);
        if (kOnlyBias && step < count) store_ds((lse_at + token) * p.keys, key, mix(vec4(0), ds, sees));
      }
    }
    if (kOnlyBias) continue;
    put(kOther, kStep, q, start_of(p.q), p.q.token, first, p.tokens, p.scale);
    barrier();
    accumulate(0, group, c, count);
    barrier();
  }
  if (kOnlyBias) return;
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    if (key[i] >= p.keys) continue;
    const uint at = start_of_out(p.keys) + key[i] * stride_of_out();
    const float factor = key[i] < limit ? 1 : 0;
    store(F32x4(dk), at, 0, i, c, factor);
    store(dv, at, 1, i, c, factor);
  }
}
