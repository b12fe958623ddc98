// relu: y[i] = max(x[i], 0); NaN stays NaN
// One lane visits kSteps elements, a workgroup's width apart. x, y: (count).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "relu.h"

// As words: the negative numbers are 0x80000000 (-0) to 0xff800000 (-infinity), NaNs with a sign lie past
// them. A comparison of floats would leave it to the compiler whether NaN survives.
layout(push_constant, std430) uniform Push {
  U32 x;
  U32 y;
  ReluParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const uint word = x.at[i];
    y.at[i] = word >= 0x80000000u && word <= 0xff800000u ? 0 : word;
  }
}
