// gelu_grad: dx[i] = dy[i] gelu'(x[i]); gelu'(x) = P(x) + x P'(x), P the normal distribution, or by tanh
// One lane visits kSteps elements, a workgroup's width apart. x, dy, dx: (count).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "common/gelu.glsl"
#include "common/reduce.glsl"
#include "gelu_grad.h"

layout(constant_id = 1) const bool kTanh = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 dy;
  F32 dx;
  GeluGradParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const float value = x.at[i];
    const float slope = kTanh ? gelu_tanh_slope(value) : gelu_erf_slope(value);
    dx.at[i] = is_nan(value) ? value : dy.at[i] * slope;
  }
}
