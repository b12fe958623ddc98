// attention_grad_kv: dk = scale ds^T q, dv = p^T dout, p and ds as in attention_grad_q_register.comp
// One subgroup a workgroup owns GROUPS * LANES keys, queries are streamed; for CPU drivers, as
// attention_register.comp. With kOnlyBias it writes ds instead, the gradient of a bias that nothing
// broadcasts.
// training
// class cpu
// variant 4_2_16: LANES=4 GROUPS=2 HEAD_DIM=16
// variant 4_2_32: LANES=4 GROUPS=2 HEAD_DIM=32
// variant 4_2_64: LANES=4 GROUPS=2 HEAD_DIM=64
// variant 4_1_128: LANES=4 GROUPS=1 HEAD_DIM=128
// variant 8_2_16: LANES=8 GROUPS=2 HEAD_DIM=16
// variant 8_2_32: LANES=8 GROUPS=2 HEAD_DIM=32
// variant 8_2_64: LANES=8 GROUPS=2 HEAD_DIM=64
// variant 8_1_128: LANES=8 GROUPS=1 HEAD_DIM=128
// variant 16_1_16: LANES=16 GROUPS=1 HEAD_DIM=16
// variant 16_1_64: LANES=16 GROUPS=1 HEAD_DIM=64
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/attention_grad_register.glsl"

layout(constant_id = 7) const uint kOnlyBias = 0;

layout(push_constant, std430) uniform Push {
  Rows q;       // (batch, heads, tokens, head_dim), strided
  Rows k;       // (batch, heads, keys, head_dim), strided
  Rows v;       // as k
  U32 lengths;  // (batch)
  F32 bias;     // (batch, heads, tokens, keys), strided
  Rows dout;    // (batch, tokens, heads, head_dim)
  F32 lse;      // (batch, heads, tokens)
  F32 rows;     // (batch, heads, tokens, 2): delta, 1 / z
  Rows dk;      // (batch, keys, heads, head_dim); with kOnlyBias ds: (batch, heads, tokens, keys)
  Rows dv;      // as dk; not with kOnlyBias
  AttentionGradParams p;
};

void main() {
  // Push constants are read once: on lavapipe each use costs a bounds check.
  const uint tokens = p.tokens, keys = p.keys, q_token = p.q.token, bias_token = p.bias.token;
  const float scale = p.scale;
  const uint lane = gl_LocalInvocationID.x, head = gl_WorkGroupID.y, batch = gl_WorkGroupID.z;
  const uint heads = gl_NumWorkGroups.y;
  const uint key0 = gl_WorkGroupID.x * GROUPS * LANES;
  Rows q_base = q, dout_base = dout;
  F32 lse_base = lse, rows_base = rows;
  const uint kv_at = batch * p.kv.batch + head * p.kv.head, q_at = batch * p.q.batch + head * p.q.head;
  const uint bias_at = batch * p.bias.batch + head * p.bias.head, lse_at = (batch * heads + head) * tokens;

  const uint key_end = kHasLengths != 0 ? min(lengths.at[batch], keys) : keys;
  const uint last_key = max(key_end, 1) - 1;
  uint first[GROUPS];  // the first query that sees each key
  float key[GROUPS * HEAD_DIM], value[GROUPS * HEAD_DIM], dkey[GROUPS * HEAD_DIM], dvalue[GROUPS * HEAD_DIM];
  [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
    // Masked keys repeat the last valid one: what lies beyond the length is never read.
    const uint own = key0 + g * LANES + lane, at = kv_at + min(own, last_key) * p.kv.token;
    first[g] = kCausal != 0 ? uint(max(int(own + tokens) - int(keys), 0)) : 0;
    if (own >= key_end) first[g] = tokens;
    float k_row[HEAD_DIM], v_row[HEAD_DIM];
    load_row(k, at, k_row);
    load_row(v, at, v_row);
    [[unroll]] for (uint d = 0; d < HEAD_DIM; ++d) {
      key[g * HEAD_DIM + d] = k_row[d];
      value[g * HEAD_DIM + d] = v_row[d];
      dkey[g * HEAD_DIM + d] = dvalue[g * HEAD_DIM + d] = 0;
    }
  }
  uint start = kCausal != 0 ? uint(max(int(key0 + tokens) - int(keys), 0)) / LANES * LANES : 0;
  if (kOnlyBias != 0) start = 0;  // zeros are written, too
  if (kOnlyBias == 0 && key0 >= key_end) start = tokens;

  for (uint row0 = start; row0 < tokens; row0 += LANES) {
    const uint row = min(row0 + lane, tokens - 1);
    const float norm = lse_base.at[lse_at + row];
    const float delta = rows_base.at[(lse_at + row) * 2], part = rows_base.at[(lse_at + row) * 2 + 1];
    float weight[GROUPS * LANES], dweight[GROUPS * LANES];  // scores, then p, then ds; and dp
    [[unroll]] for (uint i = 0; i < GROUPS * LANES; ++i) weight[i] = dweight[i] = 0;
    float q_row[HEAD_DIM];
    add_dots(weight, key, q_base, q_at + row * q_token, scale, q_row);
    [[unroll]] for (uint j = 0; j < LANES; ++j) {
      const uint of = row0 + key_of(j, lane);
      const float of_norm = spread(norm, j), of_part = spread(part, j);
      [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
        float s = weight[g * LANES + j];
        if (kHasBias != 0)
          s += bias.at[bias_at + min(of, tokens - 1) * bias_token + min(key0 + g * LANES + lane, last_key)];
        weight[g * LANES + j] = of >= first[g] && of < tokens ? exp_or_nan(s - of_norm) * of_part : 0;
      }
    }

    // Products of dout and v, and sums of dout for dv, from the same spread values.
    const Cursor dout_row = row_begin(dout_base, ((batch * tokens + row) * heads + head) * kHeadDim);
    [[unroll]] for (uint d = 0; d < HEAD_DIM; d += 2) {
      const vec2 pair = load(dout_base, dout_row, d);
      [[unroll]] for (uint j = 0; j < LANES; ++j) {
        const float x = spread(pair.x, j), y = spread(pair.y, j);
        [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
          const uint at = g * HEAD_DIM + d;
          dweight[g * LANES + j] += value[at] * x + value[at + 1] * y;
          dvalue[at] += weight[g * LANES + j] * x;
          dvalue[at + 1] += weight[g * LANES + j] * y;
        }
      }
    }
    [[unroll]] for (uint j = 0; j < LANES; ++j) {
      const float of_delta = spread(delta, j);
      [[unroll]] for (uint g = 0; g < GROUPS; ++g)
        weight[g * LANES + j] *= dweight[g * LANES + j] - of_delta;
    }
    if (kOnlyBias != 0) {
      [[unroll]] for (uint j = 0; j < LANES; ++j)
        [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
          const uint of = row0 + key_of(j, lane), own = key0 + g * LANES + lane;
          if (of < tokens && own < keys)
            F32(dk).at[(lse_at + of) * keys + own] = of >= first[g] ? weight[g * LANES + j] : 0;
        }
    } else {
      add_weighted(dkey, weight, q_row);
    }
  }

  if (kOnlyBias != 0) return;
  [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
    const uint own = key0 + g * LANES + lane, at = ((batch * keys + own) * heads + head) * kHeadDim;
    if (own < keys) {
      float dk_row[HEAD_DIM], dv_row[HEAD_DIM];
      [[unroll]] for (uint d = 0; d < HEAD_DIM; ++d) {
        dk_row[d] = own < key_end ? dkey[g * HEAD_DIM + d] : 0;
        dv_row[d] = own < key_end ? dvalue[g * HEAD_DIM + d] : 0;
      }
      store_row(dk, at, dk_row);
      store_row(dv, at, dv_row);
    }
  }
}
