// attention: out = softmax(scale q k^T + bias) v, lse = log(sum(exp(scale q k^T + bias))), per batch and head
// For GPUs, in one pass over the keys. Workgroup (x, y, z) takes kRows queries from x kRows of head y of
// sequence z, in groups of 4 queries (the components of a vec4) with kGroupLanes lanes each. A step takes
// kKeys keys: lane c of a group scores keys c, c + kGroupLanes, .. against its 4 queries, and sums quads c,
// c + kGroupLanes, .. of its 4 rows of out. Running maximum and sum as in Milakov and Gimelshein 2018; a
// hidden key weighs 0, a row without keys gives zeros.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "attention.h"
#include "common/limits.glsl"

layout(constant_id = 1) const uint kRows = 32;  // a multiple of 4
layout(constant_id = 2) const uint kKeys = 32;  // a multiple of 4; divides kGroupLanes or the other way round
layout(constant_id = 3) const uint kHeadDim = 64;
layout(constant_id = 4) const bool kCausal = false;
layout(constant_id = 5) const bool kHasLengths = false;
layout(constant_id = 6) const bool kHasBias = false;

layout(push_constant, std430) uniform Push {
  F32x4 q;      // (batch, heads, tokens, head_dim), strided; every row without gaps and on 16 bytes
  F32x4 k;      // (batch, heads, keys, head_dim), likewise
  F32x4 v;
  U32 lengths;  // (batch)
  F32 bias;     // (batch, heads, tokens, keys), strided
  F32x4 y;      // (batch, tokens, heads, head_dim)
  F32 lse;      // (batch, heads, tokens)
  AttentionParams p;
};

const float kHidden = kLeast;  // exp(kHidden - m) is 0 for every m >= kHalfLeast

const uint kLanes = gl_WorkGroupSize.x;
const uint kQuads = kHeadDim / 4;
const uint kStride = kQuads | 1;  // odd: neighbouring rows of a tile start in different banks
const uint kGroups = kRows / 4;
const uint kGroupLanes = kLanes / kGroups;
const uint kLaneKeys = (kKeys + kGroupLanes - 1) / kGroupLanes;
const uint kLaneQuads = (kQuads + kGroupLanes - 1) / kGroupLanes;
const uint kFetch = (kKeys * kQuads + kLanes - 1) / kLanes;  // quads a lane carries

shared vec4 q_tile[kRows * kStride];              // times scale
shared vec4 kv_tile[kKeys * kStride];             // keys, then the values in their place
shared vec4 weights[kGroups * (kKeys + 1)];       // of a group's 4 queries, key by key
shared vec4 partial[kLanes];                      // a lane's part of a maximum or sum over its group

vec4 next_quads[kFetch];
vec4 scores[kLaneKeys];
vec4 sums[4 * kLaneQuads];  // of a row, its quads one after another

uint start_of(AttentionStrides s) { return gl_WorkGroupID.z * s.batch + gl_WorkGroupID.y * s.head; }

void put_queries(uint first) {
  [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < kRows * kQuads; i += kLanes) {
    const uint row = i / kQuads, quad = i % kQuads;
    vec4 value = vec4(0);
    const uint at = start_of(p.q) + (first + row) * p.q.token;
    if (first + row < p.tokens) value = p.scale * q.at[at / 4 + quad];
    q_tile[row * kStride + quad] = value;
  }
}

// A tile of keys or values into registers, zeros from key `end` on: what nobody sees spreads no NaN.
void fetch(F32x4 from, AttentionStrides s, uint first, uint end) {
  [[unroll]] for (uint t = 0; t < kFetch; ++t) {
    const uint i = gl_LocalInvocationID.x + t * kLanes;
    const uint key = first + i / kQuads;
    const uint at = start_of(s) + key * s.token;
    next_quads[t] = vec4(0);
    if (i < kKeys * kQuads && key < end) next_quads[t] = from.at[at / 4 + i % kQuads];
  }
}

void put() {
  [[unroll]] for (uint t = 0; t < kFetch; ++t) {
    const uint i = gl_LocalInvocationID.x + t * kLanes;
    if (i < kKeys * kQuads) kv_tile[i / kQuads * kStride + i % kQuads] = next_quads[t];
  }
}

// exp(x) for x <= 0. NaN stays.
vec4 falling_exp(vec4 x) { return mix(exp(x), vec4(0), lessThan(x, vec4(kVanishing))); }

float times(vec4 a, vec4 b, float sum) { return a.x * b.x + (a.y * b.y + (a.z * b.z + (a.w * b.w + sum))); }

void score(uint group, uint c) {
  [[unroll]] for (uint x = 0; x < kLaneKeys; ++x) scores[x] = vec4(0);
  [[dont_unroll]] for (uint d = 0; d < kQuads; ++d) {
    const uint row = 4 * group * kStride + d;
    const vec4 q0 = q_tile[row], q1 = q_tile[row + kStride];
    const vec4 q2 = q_tile[row + 2 * kStride], q3 = q_tile[row + 3 * kStride];
    [[unroll]] for (uint x = 0; x < kLaneKeys; ++x) {
      const vec4 key = kv_tile[(c + x * kGroupLanes) * kStride + d];
      const vec4 s = scores[x];
      scores[x] = vec4(times(q0, key, s.x), times(q1, key, s.y), times(q2, key, s.z), times(q3, key, s.w));
    }
  }
}

void add_bias(uint row, uint first_key, uint c) {
  const uvec4 rows = start_of(p.bias) + min(row + uvec4(0, 1, 2, 3), uvec4(p.tokens - 1)) * p.bias.token;
  [[unroll]] for (uint x = 0; x < kLaneKeys; ++x) {
    const uvec4 at = rows + min(first_key + c + x * kGroupLanes, p.keys - 1);
    scores[x] += vec4(bias.at[at.x], bias.at[at.y], bias.at[at.z], bias.at[at.w]);
  }
}

// Keys past `count` up to a multiple of 4 weigh 0 and hold zeros.
void accumulate(uint group, uint c, uint count) {
  [[dont_unroll]] for (uint key = 0; key < count; key += 4) {
    [[unroll]] for (uint u = 0; u < 4; ++u) {
      const vec4 w = weights[group * (kKeys + 1) + key + u];
      [[unroll]] for (uint j = 0; j < kLaneQuads; ++j) {
        const vec4 value = kv_tile[(key + u) * kStride + min(c + j * kGroupLanes, kQuads - 1)];
        [[unroll]] for (uint i = 0; i < 4; ++i)
          sums[i * kLaneQuads + j] = w[i] * value + sums[i * kLaneQuads + j];
      }
    }
  }
}

void store(uint row, uint c, vec4 top, vec4 total) {
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    if (row + i >= p.tokens) continue;
    const float inverse = total[i] == 0 ? 0 : 1 / total[i];
    const uint token = gl_WorkGroupID.z * p.tokens + row + i;
    const uint at = (token * gl_NumWorkGroups.y + gl_WorkGroupID.y) * kQuads;
    [[unroll]] for (uint j = 0; j < kLaneQuads; ++j) {
      const uint quad = c + j * kGroupLanes;
      if (quad < kQuads) y.at[at + quad] = inverse * sums[i * kLaneQuads + j];
    }
    const uint lse_at = (gl_WorkGroupID.z * gl_NumWorkGroups.y + gl_WorkGroupID.y) * p.tokens + row + i;
    // A NaN fails both comparisons; not every driver's log keeps it.
    if (c == 0)
      lse.at[lse_at] = total[i] > 0 ? top[i] + log(total[i]) : total[i] == 0 ? kHalfLeast : total[i];
  }
}

void main() {
  const uint lane = gl_LocalInvocationID.x;
  const uint group = lane / kGroupLanes, c = lane % kGroupLanes;
  const uint first_row = gl_WorkGroupID.x * kRows;
  const uint row = first_row + 4 * group;
  // Row i sees keys below seen[i]; all rows see those below all_see, none those from end on.
  const uint limit = kHasLengths ? min(p.keys, lengths.at[gl_WorkGroupID.z]) : p.keys;
  uvec4 seen = uvec4(limit);
  uint end = limit, all_see = limit;
  if (kCausal) {
    const int past = int(p.keys) - int(p.tokens) + 1;
    seen = uvec4(clamp(int(row) + ivec4(0, 1, 2, 3) + past, ivec4(0), ivec4(limit)));
    end = uint(clamp(int(min(first_row + kRows, p.tokens)) - 1 + past, 0, int(limit)));
    all_see = uint(clamp(int(first_row) + past, 0, int(limit)));
  }
  const bool scores_keys = kKeys % kGroupLanes == 0 || c < kKeys;

  vec4 top = vec4(kHalfLeast), total = vec4(0);
  [[unroll]] for (uint i = 0; i < 4 * kLaneQuads; ++i) sums[i] = vec4(0);
  put_queries(first_row);
  fetch(k, p.k, 0, end);
  [[dont_unroll]] for (uint first = 0; first < end; first += kKeys) {
    put();
    barrier();
    fetch(v, p.v, first, end);
    vec4 highest = top;
    if (scores_keys) {
      score(group, c);
      if (kHasBias) add_bias(row, first, c);
      [[unroll]] for (uint x = 0; x < kLaneKeys; ++x) {
        const uvec4 key = uvec4(first + c + x * kGroupLanes);
        if (first + kKeys > all_see) scores[x] = mix(vec4(kHidden), scores[x], lessThan(key, seen));
        highest = max(highest, scores[x]);
      }
    }
    partial[lane] = highest;
    barrier();
    put();
    fetch(k, p.k, first + kKeys, end);
    [[dont_unroll]] for (uint t = 0; t < kGroupLanes; ++t)
      highest = max(highest, partial[group * kGroupLanes + t]);
    const vec4 shrink = falling_exp(top - highest);
    top = highest;
    total *= shrink;
    [[unroll]] for (uint i = 0; i < 4; ++i)
      [[unroll]] for (uint j = 0; j < kLaneQuads; ++j) sums[i * kLaneQuads + j] *= shrink[i];
    if (scores_keys) {
      [[unroll]] for (uint x = 0; x < kLaneKeys; ++x) {
        const vec4 weight = falling_exp(scores[x] - top);
        total += weight;
        weights[group * (kKeys + 1) + c + x * kGroupLanes] = weight;
      }
    }
    barrier();
    accumulate(group, c, min(kKeys, end - first));
    barrier();
  }
  partial[lane] = total;
  barrier();
  total = vec4(0);
  [[dont_unroll]] for (uint t = 0; t < kGroupLanes; ++t) total += partial[group * kGroupLanes + t];
  store(row, c, top, total);
}
