// attention_grad_q: dq = scale ds k, ds = p (dout v^T - delta), p = exp(scale q k^T + bias - lse) / z
// One subgroup a workgroup owns GROUPS * LANES queries, keys are streamed; for CPU drivers, as
// attention_register.comp. Also gives what the other gradients need of each query: delta = sum(dout out)
// and 1 / z. z, the sum of exp(.. - lse) over the keys, is 1 but for the rounding of lse, in which
// log(sum) is lost when scores are large. A query without keys has 1 / z = 0 and so no gradients.
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

layout(push_constant, std430) uniform Push {
  Rows q;       // (batch, heads, tokens, head_dim), strided
  Rows k;       // (batch, heads, keys, head_dim), strided
  Rows v;       // as k
  U32 lengths;  // (batch)
  F32 bias;     // (batch, heads, tokens, keys), strided
  Rows dout;    // (batch, tokens, heads, head_dim)
  F32 lse;      // (batch, heads, tokens)
  Rows y;       // out, as dout
  Rows dq;      // as dout
  F32 rows;     // (batch, heads, tokens, 2): delta, 1 / z
  AttentionGradParams p;
};

void main() {
  // Push constants are read once: on lavapipe each use costs a bounds check.
  const uint tokens = p.tokens, keys = p.keys, kv_token = p.kv.token;
  const uint lane = gl_LocalInvocationID.x, head = gl_WorkGroupID.y, batch = gl_WorkGroupID.z;
  const uint heads = gl_NumWorkGroups.y;
  const uint row0 = gl_WorkGroupID.x * GROUPS * LANES;
  Rows k_base = k, v_base = v;
  const uint kv_at = batch * p.kv.batch + head * p.kv.head;

  uint key_end = kHasLengths != 0 ? min(lengths.at[batch], keys) : keys;  // of any query
  const uint last_key = max(key_end, 1) - 1;
  uint row_end[GROUPS];  // each query's own
  uint bias_at[GROUPS];
  float query[GROUPS * HEAD_DIM], gradient[GROUPS * HEAD_DIM], sum[GROUPS * HEAD_DIM];  // q, dout, dq
  float norm[GROUPS], delta[GROUPS], total[GROUPS];
  [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
    const uint row = min(row0 + g * LANES + lane, tokens - 1);  // queries beyond the last repeat it
    const int seen = int(row + 1 + keys) - int(tokens);
    row_end[g] = kCausal != 0 ? min(key_end, uint(max(seen, 0))) : key_end;
    bias_at[g] = batch * p.bias.batch + head * p.bias.head + row * p.bias.token;
    norm[g] = lse.at[(batch * heads + head) * tokens + row];
    delta[g] = 0;
    total[g] = 0;
    const uint out_at = ((batch * tokens + row) * heads + head) * kHeadDim;
    float q_row[HEAD_DIM], dout_row[HEAD_DIM], y_row[HEAD_DIM];
    load_row(q, batch * p.q.batch + head * p.q.head + row * p.q.token, q_row);
    load_row(dout, out_at, dout_row);
    load_row(y, out_at, y_row);
    [[unroll]] for (uint d = 0; d < HEAD_DIM; ++d) {
      query[g * HEAD_DIM + d] = q_row[d] * p.scale;
      gradient[g * HEAD_DIM + d] = dout_row[d];
      sum[g * HEAD_DIM + d] = 0;
      delta[g] += dout_row[d] * y_row[d];
    }
  }
  if (kCausal != 0) {
    const int seen = int(min(row0 + GROUPS * LANES, tokens) + keys) - int(tokens);
    key_end = min(key_end, uint(max(seen, 0)));
  }

  for (uint key0 = 0; key0 < key_end; key0 += LANES) {
    // Masked keys repeat the last valid one: what lies beyond the length is never read.
    const uint at = kv_at + min(key0 + lane, last_key) * kv_token;
    float weight[GROUPS * LANES], dweight[GROUPS * LANES];  // scores, then p, then ds; and dp
    [[unroll]] for (uint i = 0; i < GROUPS * LANES; ++i) weight[i] = dweight[i] = 0;
    float v_row[HEAD_DIM], k_row[HEAD_DIM];
    add_dots(dweight, gradient, v_base, at, 1, v_row);
    add_dots(weight, query, k_base, at, 1, k_row);

    [[unroll]] for (uint g = 0; g < GROUPS; ++g)
      [[unroll]] for (uint j = 0; j < LANES; ++j) {
        const uint of = key0 + key_of(j, lane);
        float s = weight[g * LANES + j];
        if (kHasBias != 0) s += bias.at[bias_at[g] + min(of, last_key)];
        const float part = of < row_end[g] ? exp_or_nan(s - norm[g]) : 0;
        total[g] += part;
        weight[g * LANES + j] = part * (dweight[g * LANES + j] - delta[g]);
      }
    add_weighted(sum, weight, k_row);
  }

  [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
    const uint row = row0 + g * LANES + lane;
    if (row < tokens) {
      const float part = total[g] == 0 ? 0 : 1 / total[g];
      float dq_row[HEAD_DIM];
      [[unroll]] for (uint d = 0; d < HEAD_DIM; ++d)
        dq_row[d] = part == 0 ? 0 : sum[g * HEAD_DIM + d] * (part * p.scale);
      store_row(dq, ((batch * tokens + row) * heads + head) * kHeadDim, dq_row);
      const uint at = ((batch * heads + head) * tokens + row) * 2;
      rows.at[at] = delta[g];
      rows.at[at + 1] = part;
    }
  }
}
