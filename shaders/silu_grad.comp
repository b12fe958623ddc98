// silu_grad: dx[i] = dy[i] (s + x[i] s (1 - s)), s = 1 / (1 + exp(-x[i]))
// One lane visits kSteps elements, a workgroup's width apart. x, dy, dx: (count).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "common/reduce.glsl"
#include "common/silu.glsl"
#include "silu_grad.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 dy;
  F32 dx;
  SiluGradParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const float value = x.at[i];
    dx.at[i] = is_nan(value) ? value : dy.at[i] * silu_slope(value);
  }
}
