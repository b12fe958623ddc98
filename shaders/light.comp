// light: y[i] = part^0.7, part: how far x[i] is on the way from the low to the high end, within 0 .. 1
// One lane a weight. x, y: (count); ends: (2), as light_ends finds them.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementary.glsl"
#include "light.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 ends;
  F32 y;
  LightParams p;
};

void main() {
  const uint i = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (i >= p.count) return;
  const float part = part_between(x.at[i], ends.at[0], ends.at[1]);
  y.at[i] = part == 0 ? 0 : exponential(kLightPower * logarithm(part));
}
