// max: y[o,i] = max_j x[o,j,i]; a NaN among them wins
// kAcross: inner is 1, one workgroup per o, lanes stride over j. Else a lane per (o, i): loads lie together.
// x: (outer, extent, inner); y: (outer, inner).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "max.h"

layout(constant_id = 1) const bool kAcross = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 y;
  MaxParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x;
  const uint result = kAcross ? group_index() : group_index() * lanes + lane;
  if (kAcross && result >= p.results) return;
  const uint inner = kAcross ? 1 : p.inner;
  const uint start = result / inner * p.extent * inner + result % inner;
  const uint count = result < p.results ? p.extent : 0;

  float largest = uintBitsToFloat(kMinusInfinityBits);
  for (uint j = kAcross ? lane : 0; j < count; j += kAcross ? lanes : 1) {
    const float v = x.at[start + j * inner];
    if (v > largest || is_nan(v)) largest = v;
  }
  // Keys carry NaN safely through the maximum over lanes.
  if (kAcross) largest = value_of_key(lanes_max(order_key(largest)));
  if (result < p.results && (!kAcross || lane == 0)) y.at[result] = largest;
}
