// light_ends: the weights of which so many are less: low and high of them; equals count by their index
// One lane a weight, which it compares with all. x: (count); ends: (2).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "light.h"

layout(push_constant, std430) uniform Push {
  U32 x;
  U32 ends;
  LightParams p;
};

// In the order of fp32 numbers, NaN at both ends: every weight has a place of its own.
uint key(uint bits) { return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u; }

void main() {
  const uint i = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (i >= p.count) return;
  const uint own = key(x.at[i]);
  uint place = 0;
  for (uint j = 0; j < p.count; ++j) {
    const uint other = key(x.at[j]);
    place += uint(other < own || (other == own && j < i));
  }
  if (place == p.low) ends.at[0] = x.at[i];
  if (place == p.high) ends.at[1] = x.at[i];
}
