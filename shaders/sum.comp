// sum: y[r] = sum_j x[r,j] / divisor
// One workgroup per row r; lanes stride over j. x: (results, extent); y: (results).
// Sums are compensated: the error does not grow with the extent.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "sum.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 y;
  SumParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.results) return;
  const uint start = row * p.extent, end = start + p.extent;
  float sum = 0, lost = 0;
  for (uint i = start + gl_LocalInvocationID.x; i < end; i += gl_WorkGroupSize.x) {
    const float v = x.at[i];
    accumulate(sum, lost, v);
  }
  accumulate_lanes(sum, lost);
  if (gl_LocalInvocationID.x == 0) y.at[row] = accumulated(sum, lost) / p.divisor;
}
