// sum: y[o,i] = sum_j x[o,j,i] / divisor
// kAcross: inner is 1, one workgroup per o, lanes stride over j. Else a lane per (o, i): loads lie together.
// Sums are compensated (Neumaier 1974): the error does not grow with the extent.
// x: (outer, extent, inner); y: (outer, inner).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "common/reduce.glsl"
#include "sum.h"

layout(constant_id = 1) const bool kAcross = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 y;
  SumParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x;
  const uint result = kAcross ? group_index() : group_index() * lanes + lane;
  if (kAcross && result >= p.results) return;
  const uint inner = kAcross ? 1 : p.inner;
  const uint start = result / inner * p.extent * inner + result % inner;
  const uint count = result < p.results ? p.extent : 0;

  float sum = 0, lost = 0;
  for (uint j = kAcross ? lane : 0; j < count; j += kAcross ? lanes : 1) {
    const float v = x.at[start + j * inner];
    accumulate(sum, lost, v);
  }
  if (kAcross) accumulate_lanes(sum, lost);
  if (result < p.results && (!kAcross || lane == 0))
    y.at[result] = (is_finite(sum) ? sum + lost : sum) / p.divisor;
}
