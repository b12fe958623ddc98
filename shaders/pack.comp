// pack: y[b, j / columns, i, j % columns] = x[b, i, j] for i < k, j < n; zero where the panel goes on
// Workgroup (x, y, z) fills the x-th kPanelDepth rows of panel y of matrix z; lanes lie along its columns.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/panels.h"
#include "pack.h"

layout(push_constant, std430) uniform Push {
  F32 x;  // (batch, k, n), strided
  F32 y;  // (batch, panels), see panels.h
  PackParams p;
};

void main() {
  const uint depth = padded_depth(p.k);
  const uint panels = gl_NumWorkGroups.y;
  const uint source = gl_WorkGroupID.z * p.batch_stride;
  const uint target = (gl_WorkGroupID.z * panels + gl_WorkGroupID.y) * depth * kPanelColumns;
  const uint first_row = gl_WorkGroupID.x * kPanelDepth;
  for (uint c = gl_LocalInvocationID.x; c < kPanelColumns; c += gl_WorkGroupSize.x) {
    const uint column = gl_WorkGroupID.y * kPanelColumns + c;
    for (uint r = first_row; r < first_row + kPanelDepth; ++r) {
      const bool inside = r < p.k && column < p.n;
      float value = 0;
      if (inside) value = x.at[source + r * p.row_stride + column * p.column_stride];
      y.at[target + r * kPanelColumns + c] = value;
    }
  }
}
