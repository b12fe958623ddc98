// pad: y[o,j] = x[o,j - before] where 0 <= j - before < from, else 0
// One lane visits kSteps elements of y, a workgroup's width apart. x: (outer, from); y: (outer, to).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "pad.h"

// Elements move as words, bit for bit.
layout(push_constant, std430) uniform Push {
  U32 x;
  U32 y;
  PadParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const uint row = i / p.to, at = i - row * p.to - p.before;  // wraps around in front of x
    uint word = 0;
    if (at < p.from) word = x.at[row * p.from + at];
    y.at[i] = word;
  }
}
