// add: y[i] = a[i] + b[i], or a[i] + b[(i / inner) % period] when kRepeats
// One lane visits kSteps elements, a workgroup's width apart. a, y: (count); b: (period).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/broadcast.h"
#include "common/elementwise.h"

layout(constant_id = 1) const bool kRepeats = false;

layout(push_constant, std430) uniform Push {
  F32 a;
  F32 b;
  F32 y;
  BroadcastParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const uint j = kRepeats ? (i / p.inner) % p.period : i;
    y.at[i] = a.at[i] + b.at[j];
  }
}
