// fill: y[i] = value
// One lane visits kSteps elements, a workgroup's width apart. y: (count).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "fill.h"

layout(push_constant, std430) uniform Push {
  F32 y;
  FillParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i < p.count) y.at[i] = p.value;
  }
}
