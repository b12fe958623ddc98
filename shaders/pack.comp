// pack: y[b, j/64, i, j%64] = x[b, i, j] for i < k, j < n; zero where the padded panel goes on
// Workgroup (x, y, z) fills 16 rows from 16 x of panel y of matrix z; lanes lie along the 64 columns.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "pack.h"

layout(push_constant, std430) uniform Push {
  F32 x;  // (batch, k, n), strided
  F32 y;  // (batch, ceil(n / 64), k padded to 16, 64)
  PackParams p;
};

void main() {
  const uint depth = (p.k + 15u) & ~15u;
  const uint panels = gl_NumWorkGroups.y;
  const uint source = gl_WorkGroupID.z * p.batch_stride;
  const uint target = (gl_WorkGroupID.z * panels + gl_WorkGroupID.y) * depth * 64;
  const uint first_row = gl_WorkGroupID.x * 16;
  for (uint c = gl_LocalInvocationID.x; c < 64; c += gl_WorkGroupSize.x) {
    const uint column = gl_WorkGroupID.y * 64 + c;
    for (uint r = first_row; r < first_row + 16; ++r) {
      const bool inside = r < p.k && column < p.n;
      float value = 0;
      if (inside) value = x.at[source + r * p.row_stride + column * p.column_stride];
      y.at[target + r * 64 + c] = value;
    }
  }
}
