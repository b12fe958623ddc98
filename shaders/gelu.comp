// gelu: y[i] = x[i]/2 (1 + erf(x[i] / sqrt 2)), or its tanh approximation when kTanh
// One lane visits kSteps elements, a workgroup's width apart. x, y: (count).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "common/gelu.glsl"
#include "gelu.h"

layout(constant_id = 1) const bool kTanh = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 y;
  GeluParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const float value = x.at[i];
    y.at[i] = kTanh ? gelu_tanh(value) : gelu_erf(value);
  }
}
