// copy: y[i] = x[i]
// A workgroup copies p.quads neighbours; its lanes lie side by side. x, y: (groups, quads, 4).
// A measure of the device, not an op: one or four loads on the way a lane, whichever the driver likes better.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "copy.h"

layout(constant_id = 1) const uint kFourfold = 0;

layout(push_constant, std430) uniform Push {
  F32x4 x;
  F32x4 y;
  CopyParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x;
  const uint first = gl_WorkGroupID.x * p.quads + gl_LocalInvocationID.x, end = first + p.quads;
  if (kFourfold == 0) {
    for (uint i = first; i < end; i += lanes) y.at[i] = x.at[i];
  } else {
    for (uint i = first; i < end; i += 4 * lanes) {
      const vec4 a = x.at[i], b = x.at[i + lanes], c = x.at[i + 2 * lanes], d = x.at[i + 3 * lanes];
      y.at[i] = a;
      y.at[i + lanes] = b;
      y.at[i + 2 * lanes] = c;
      y.at[i + 3 * lanes] = d;
    }
  }
}
