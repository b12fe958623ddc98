// additive_scores_grad: down[b,i,h] = w[h] sum_j dy[b,i,j] (1 - t^2), t = tanh(own[b,i,h] + other[b,j,h]),
// dw[b,i / ROWS,h] = sum_j dy[b,i,j] t, added up over ROWS of i
// One subgroup a workgroup: a lane an h, ROWS of i. A lane loads one j of dy for all of them.
// own: (batch, rows, hidden), other: (batch, others, hidden), dy: (batch, rows, others), all strided;
// w: (hidden); down: (batch, rows, hidden); dw: (batch, ceil(rows / ROWS), hidden)
// training
// variant 1: ROWS=1
// variant 4: ROWS=4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "common/tanh.glsl"
#include "additive_scores.h"

layout(constant_id = 1) const bool kWeights = false;  // makes dw

layout(push_constant, std430) uniform Push {
  F32 own;
  F32 other;
  F32 w;
  F32 dy;
  F32 down;
  F32 dw;
  AdditiveScoresGradParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x;
  const uint rows = p.rows, others = p.others, hidden = p.hidden;
  const uint blocks = (hidden + lanes - 1) / lanes, row_blocks = (rows + ROWS - 1) / ROWS;
  const uint group = group_index(), batch = group / blocks / row_blocks;
  if (batch >= p.batch) return;
  const uint row0 = group / blocks % row_blocks * ROWS, h = group % blocks * lanes + lane;
  const uint mine = min(h, hidden - 1);  // lanes past the last h repeat it and store nothing
  const uint other_at = batch * p.other.batch + mine, dy_at = batch * p.dy.batch;
  float value[ROWS], sum[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; ++r) {
    value[r] = own.at[batch * p.own.batch + min(row0 + r, rows - 1) * p.own.row + mine];
    sum[r] = 0;
  }

  float weight_sum = 0;
  for (uint j0 = 0; j0 < others; j0 += lanes) {
    const uint column = min(j0 + lane, others - 1) * p.dy_column, count = min(lanes, others - j0);
    float dscore[ROWS];
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
      const float loaded = dy.at[dy_at + min(row0 + r, rows - 1) * p.dy.row + column];
      dscore[r] = row0 + r < rows ? loaded : 0;
    }
    for (uint s = 0; s < count; ++s) {
      const float other_h = other.at[other_at + (j0 + s) * p.other.row];
      [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const float t = tanh_quotient(value[r] + other_h), g = lanes_spread(dscore[r], s);
        sum[r] += g * (1 - t * t);
        if (kWeights) weight_sum += g * t;
      }
    }
  }
  if (h >= hidden) return;
  const float weight = w.at[h];
  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    if (row0 + r < rows) down.at[(batch * rows + row0 + r) * hidden + h] = weight * sum[r];
  if (kWeights) dw.at[(batch * row_blocks + row0 / ROWS) * hidden + h] = weight_sum;
}
