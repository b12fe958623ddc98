// sum: y[o,i] = sum_j x[o,j,i] / divisor
// kAcross: inner is 1, one workgroup per o, lanes stride over j. Else a lane per (o, i): neighbours in i share loads.
// Sums are compensated (Neumaier 1974): the error does not grow with the extent.
// x: (outer, extent, inner); y: (outer, inner).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
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

  precise float sum = 0, lost = 0;  // lost: what rounding took from sum
  for (uint j = kAcross ? lane : 0; j < count; j += kAcross ? lanes : 1) {
    const float v = x.at[start + j * inner];
    precise const float next = sum + v;
    precise const float from_larger = (sum - next) + v, from_smaller = (v - next) + sum;
    lost += abs(sum) >= abs(v) ? from_larger : from_smaller;
    sum = next;
  }
  if (kAcross) {
    sum = lanes_add(sum);
    lost = lanes_add(lost);
  }
  if (result < p.results && (!kAcross || lane == 0))
    y.at[result] = (is_finite(sum) ? sum + lost : sum) / p.divisor;
}
