// attention: out = softmax(scale q k^T + bias) v, lse = log(sum(exp(scale q k^T + bias))), per batch and head
// One subgroup a workgroup owns GROUPS * LANES queries; lanes lie along the queries, so that a row's maximum
// and sum need no reduction; keys come LANES at a time, one a lane, and are spread to all lanes. For CPU
// drivers: every load is a gather, so each element of k and v that is loaded serves GROUPS * LANES queries.
// Tiles are fixed when the shader is built, as in matmul_register.comp; HEAD_DIM is a variant's largest.
// class cpu
// variant 4_2_16: LANES=4 GROUPS=2 HEAD_DIM=16
// variant 4_2_32: LANES=4 GROUPS=2 HEAD_DIM=32
// variant 4_4_64: LANES=4 GROUPS=4 HEAD_DIM=64
// variant 4_1_64: LANES=4 GROUPS=1 HEAD_DIM=64
// variant 4_1_80: LANES=4 GROUPS=1 HEAD_DIM=80
// variant 4_1_128: LANES=4 GROUPS=1 HEAD_DIM=128
// variant 8_1_16: LANES=8 GROUPS=1 HEAD_DIM=16
// variant 8_4_64: LANES=8 GROUPS=4 HEAD_DIM=64
// variant 8_1_64: LANES=8 GROUPS=1 HEAD_DIM=64
// variant 8_2_128: LANES=8 GROUPS=2 HEAD_DIM=128
// variant 8_1_128: LANES=8 GROUPS=1 HEAD_DIM=128
// variant 8_1_256: LANES=8 GROUPS=1 HEAD_DIM=256
// variant 16_1_16: LANES=16 GROUPS=1 HEAD_DIM=16
// variant 16_2_64: LANES=16 GROUPS=2 HEAD_DIM=64
// variant 16_1_128: LANES=16 GROUPS=1 HEAD_DIM=128
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "attention.h"
#include "common/limits.glsl"
#include "common/query_rows.glsl"

layout(constant_id = 3) const uint kHeadDim = HEAD_DIM;  // even, at most HEAD_DIM
layout(constant_id = 4) const uint kCausal = 0;          // query i sees keys j <= i + keys - tokens
layout(constant_id = 5) const uint kHasLengths = 0;      // keys from lengths[batch] on are not seen
layout(constant_id = 6) const uint kHasBias = 0;

layout(push_constant, std430) uniform Push {
  Rows q;       // (batch, heads, tokens, head_dim), strided
  Rows k;       // (batch, heads, keys, head_dim), strided
  Rows v;       // as k
  U32 lengths;  // (batch)
  F32 bias;     // (batch, heads, tokens, keys), strided
  Rows y;       // (batch, tokens, heads, head_dim)
  F32 lse;      // (batch, heads, tokens)
  AttentionParams p;
};

const float kHidden = kLeast;  // score of a key that is not seen: exp(kHidden - kHalfLeast) is 0, never NaN

// A pair of a row, zero from head_dim on. No branch: SwiftShader runs straight code twice as fast.
vec2 load(Rows rows, Cursor at, uint d) {
  const vec2 pair = load_pair(rows, at, min(d, kHeadDim - 2));
  return d < kHeadDim ? pair : vec2(0);
}

void main() {
  // Push constants are read once: on lavapipe each use costs a bounds check.
  const uint tokens = p.tokens, keys = p.keys, k_token = p.k.token, v_token = p.v.token;
  const uint lane = gl_LocalInvocationID.x, head = gl_WorkGroupID.y, batch = gl_WorkGroupID.z;
  const uint row0 = gl_WorkGroupID.x * GROUPS * LANES;
  Rows q_base = q, k_base = k, v_base = v;
  const uint k_at = batch * p.k.batch + head * p.k.head, v_at = batch * p.v.batch + head * p.v.head;

  uint key_end = kHasLengths != 0 ? min(lengths.at[batch], keys) : keys;  // of any query
  const uint last_key = max(key_end, 1) - 1;
  uint row_end[GROUPS];  // each query's own
  uint bias_at[GROUPS];
  float query[GROUPS * HEAD_DIM], sum[GROUPS * HEAD_DIM];
  float row_maximum[GROUPS], row_sum[GROUPS];
  [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
    const uint row = min(row0 + g * LANES + lane, tokens - 1);  // queries beyond the last repeat it
    const int seen = int(row + 1 + keys) - int(tokens);
    row_end[g] = kCausal != 0 ? min(key_end, uint(max(seen, 0))) : key_end;
    bias_at[g] = batch * p.bias.batch + head * p.bias.head + row * p.bias.token;
    Cursor from = row_begin(q_base, batch * p.q.batch + head * p.q.head + row * p.q.token);
    [[unroll]] for (uint d = 0; d < HEAD_DIM; d += 2) {
      const vec2 pair = load(q_base, from, d) * p.scale;
      query[g * HEAD_DIM + d] = pair.x;
      query[g * HEAD_DIM + d + 1] = pair.y;
    }
    [[unroll]] for (uint d = 0; d < HEAD_DIM; ++d) sum[g * HEAD_DIM + d] = 0;
    row_maximum[g] = kHalfLeast;
    row_sum[g] = 0;
  }
  if (kCausal != 0) {
    const int seen = int(min(row0 + GROUPS * LANES, tokens) + keys) - int(tokens);
    key_end = min(key_end, uint(max(seen, 0)));
  }

  for (uint key0 = 0; key0 < key_end; key0 += LANES) {
    // Masked keys repeat the last valid one: what lies beyond the length is never read.
    const uint key = min(key0 + lane, last_key);
    float score[GROUPS * LANES];  // [g * LANES + j]: this lane's query of group g, key key0 + key_of(j, lane)
    [[unroll]] for (uint i = 0; i < GROUPS * LANES; ++i) score[i] = 0;
    Cursor k_row = row_begin(k_base, k_at + key * k_token);
    [[unroll]] for (uint d = 0; d < HEAD_DIM; d += 2) {
      const vec2 pair = load(k_base, k_row, d);
      [[unroll]] for (uint j = 0; j < LANES; ++j) {
        const float x = spread(pair.x, j), y = spread(pair.y, j);
        [[unroll]] for (uint g = 0; g < GROUPS; ++g)
          score[g * LANES + j] += query[g * HEAD_DIM + d] * x + query[g * HEAD_DIM + d + 1] * y;
      }
    }

    float shrink[GROUPS];  // the factor of everything summed under the old maximum
    [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
      float highest = row_maximum[g];
      [[unroll]] for (uint j = 0; j < LANES; ++j) {
        const uint of = key0 + key_of(j, lane);
        float s = score[g * LANES + j];
        if (kHasBias != 0) s += bias.at[bias_at[g] + min(of, last_key)];
        s = of < row_end[g] ? s : kHidden;
        score[g * LANES + j] = s;
        highest = max(highest, s);
      }
      shrink[g] = exp(row_maximum[g] - highest);
      row_maximum[g] = highest;
      float total = row_sum[g] * shrink[g];
      [[unroll]] for (uint j = 0; j < LANES; ++j) {
        const float weight = exp(score[g * LANES + j] - highest);
        score[g * LANES + j] = weight;
        total += weight;
      }
      row_sum[g] = total;
    }

    Cursor v_row = row_begin(v_base, v_at + key * v_token);
    [[unroll]] for (uint d = 0; d < HEAD_DIM; d += 2) {
      const vec2 pair = load(v_base, v_row, d);
      float x[GROUPS], y[GROUPS];
      [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
        x[g] = sum[g * HEAD_DIM + d] * shrink[g];
        y[g] = sum[g * HEAD_DIM + d + 1] * shrink[g];
      }
      [[unroll]] for (uint j = 0; j < LANES; ++j) {
        const float vx = spread(pair.x, j), vy = spread(pair.y, j);
        [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
          x[g] += score[g * LANES + j] * vx;
          y[g] += score[g * LANES + j] * vy;
        }
      }
      [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
        sum[g * HEAD_DIM + d] = x[g];
        sum[g * HEAD_DIM + d + 1] = y[g];
      }
    }
  }

  [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
    const uint row = row0 + g * LANES + lane, heads = gl_NumWorkGroups.y;
    if (row < tokens) {
      const float part = row_sum[g] == 0 ? 0 : 1 / row_sum[g];  // a fully masked query gives zeros
      Cursor to = row_begin(y, ((batch * tokens + row) * heads + head) * kHeadDim);
      [[unroll]] for (uint d = 0; d < HEAD_DIM; d += 2)
        if (d < kHeadDim) store_pair(y, to, d, vec2(sum[g * HEAD_DIM + d], sum[g * HEAD_DIM + d + 1]) * part);
      // NaN is handed on as it is: SwiftShader's log() of it is a number.
      const bool some = row_sum[g] > 0;
      const float lowest = row_sum[g] == 0 ? kHalfLeast : row_sum[g];
      lse.at[(batch * heads + head) * tokens + row] = some ? row_maximum[g] + log(row_sum[g]) : lowest;
    }
  }
}
