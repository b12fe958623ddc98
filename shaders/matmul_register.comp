// matmul: y = activation(a b + bias) + residual
// One subgroup a workgroup computes lane_rows x (lanes * lane_columns) of y; each lane keeps its columns in registers.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "common/buffer.glsl"
#include "common/epilogue.glsl"
#include "matmul.h"

layout(constant_id = 1) const uint kRows = 8;
layout(constant_id = 2) const uint kColumns = 4;  // of a lane, gl_WorkGroupSize.x apart

layout(push_constant, std430) uniform Push {
  F32 a;  // (batch, m, k), strided
  F32 b;  // (batch, panels of 64 columns, k padded to 16, 64)
  F32 bias;
  F32 residual;
  F32 y;  // (batch, m, n)
  MatmulParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x;
  const uint lane = gl_LocalInvocationID.x;
  const uint first_row = gl_WorkGroupID.y * kRows;
  const uint first_column = gl_WorkGroupID.x * lanes * kColumns;
  const uint depth = (p.k + 15u) & ~15u;

  uint row_start[kRows];
  [[unroll]] for (uint r = 0; r < kRows; ++r)
    row_start[r] = gl_WorkGroupID.z * p.a_batch + min(first_row + r, p.m - 1) * p.a_row;
  uint b_at = gl_WorkGroupID.z * p.b_batch + first_column / 64 * depth * 64 + first_column % 64 + lane;

  float sum[kRows * kColumns];
  [[unroll]] for (uint i = 0; i < kRows * kColumns; ++i) sum[i] = 0;

  // Each lane loads one element of every row of a; a broadcast hands it to all lanes. One load serves `lanes` steps.
  for (uint k0 = 0; k0 < p.k; k0 += lanes) {
    float row[kRows];
    const bool inside = k0 + lane < p.k;
    const uint k_at = min(k0 + lane, p.k - 1) * p.a_column;
    [[unroll]] for (uint r = 0; r < kRows; ++r) {
      const float loaded = a.at[row_start[r] + k_at];
      row[r] = inside ? loaded : 0;
    }
    [[unroll]] for (uint i = 0; i < lanes; ++i) {
      float column[kColumns];
      [[unroll]] for (uint c = 0; c < kColumns; ++c) column[c] = b.at[b_at + c * lanes];
      b_at += 64;
      [[unroll]] for (uint r = 0; r < kRows; ++r) {
        const float spread = subgroupBroadcast(row[r], i);
        [[unroll]] for (uint c = 0; c < kColumns; ++c) sum[r * kColumns + c] += spread * column[c];
      }
    }
  }

  [[unroll]] for (uint c = 0; c < kColumns; ++c) {
    const uint column = first_column + c * lanes + lane;
    if (column >= p.n) continue;
    const float shift = kHasBias != 0 ? bias.at[column] : 0;
    [[unroll]] for (uint r = 0; r < kRows; ++r) {
      if (first_row + r >= p.m) continue;
      const uint at = (gl_WorkGroupID.z * p.m + first_row + r) * p.n + column;
      float value = activate(kHasBias != 0 ? sum[r * kColumns + c] + shift : sum[r * kColumns + c]);
      if (kHasResidual != 0) value += residual.at[at];
      y.at[at] = value;
    }
  }
}
