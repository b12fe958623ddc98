// additive_scores: y[b,i,j] = sum_h w[h] tanh(q[b,i,h] + k[b,j,h])
// One subgroup a workgroup: a lane a key, ROWS queries. A lane loads one h of q and w for all of them.
// q: (batch, queries, hidden), k: (batch, keys, hidden), both strided; w: (hidden); y: (batch, queries, keys)
// variant 1: ROWS=1
// variant 4: ROWS=4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "common/tanh.glsl"
#include "additive_scores.h"

layout(push_constant, std430) uniform Push {
  F32 q;
  F32 k;
  F32 w;
  F32 y;
  AdditiveScoresParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x;
  const uint queries = p.queries, keys = p.keys, hidden = p.hidden;
  const uint blocks = (keys + lanes - 1) / lanes, row_blocks = (queries + ROWS - 1) / ROWS;
  const uint group = group_index(), batch = group / blocks / row_blocks;
  if (batch >= p.batch) return;
  const uint row0 = group / blocks % row_blocks * ROWS, key = group % blocks * lanes + lane;
  // Rows past the last repeat it and are not stored.
  const uint k_at = batch * p.k.batch + min(key, keys - 1) * p.k.row;
  uint q_at[ROWS];
  float sum[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; ++r) {
    q_at[r] = batch * p.q.batch + min(row0 + r, queries - 1) * p.q.row;
    sum[r] = 0;
  }

  for (uint h0 = 0; h0 < hidden; h0 += lanes) {
    const uint mine = min(h0 + lane, hidden - 1), count = min(lanes, hidden - h0);
    const float weight = w.at[mine];
    float query[ROWS];
    [[unroll]] for (uint r = 0; r < ROWS; ++r) query[r] = q.at[q_at[r] + mine];
    for (uint s = 0; s < count; ++s) {
      const float key_h = k.at[k_at + h0 + s], weight_h = lanes_spread(weight, s);
      [[unroll]] for (uint r = 0; r < ROWS; ++r)
        sum[r] += weight_h * tanh_quotient(lanes_spread(query[r], s) + key_h);
    }
  }
  if (key >= keys) return;
  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    if (row0 + r < queries) y.at[(batch * queries + row0 + r) * keys + key] = sum[r];
}
