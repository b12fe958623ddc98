// sparsemax_grad: dx[r,c] = dy[r,c] - mean of dy[r,j] over the j with y[r,j] > 0, where y[r,c] > 0; else 0
// One workgroup per row r; lanes stride over c. y, dy, dx: (rows, columns). NaN in y makes the whole row NaN.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "sparsemax_grad.h"

layout(push_constant, std430) uniform Push {
  F32 y;
  F32 dy;
  F32 dx;
  SparsemaxGradParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint lanes = gl_WorkGroupSize.x, start = row * p.columns, end = start + p.columns;
  const uint first = start + gl_LocalInvocationID.x;
  float sum = 0, lost = 0;
  uint count = 0;
  for (uint i = first; i < end; i += lanes) {
    const float weight = y.at[i];
    if (weight > 0) {
      accumulate(sum, lost, dy.at[i]);
      ++count;
    } else if (is_nan(weight)) {
      sum = weight;
    }
  }
  accumulate_lanes(sum, lost);
  count = lanes_add(count);
  const float mean = accumulated(sum, lost) / float(max(count, 1));
  for (uint i = first; i < end; i += lanes) {
    const bool supports = y.at[i] > 0 || is_nan(mean);
    dx.at[i] = supports ? dy.at[i] - mean : 0;
  }
}
