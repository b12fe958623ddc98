// relu_grad: dx[i] = dy[i] where y[i] > 0, else 0; a NaN in y or dy makes NaN
// One lane visits kSteps elements, a workgroup's width apart. y, dy, dx: (count).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "relu_grad.h"

// As words, see relu.comp: the positive numbers are 1 to 0x7f800000 (infinity).
layout(push_constant, std430) uniform Push {
  U32 y;
  U32 dy;
  U32 dx;
  ReluGradParams p;
};

bool is_nan_word(uint word) { return (word & 0x7fffffffu) > 0x7f800000u; }

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const uint word = y.at[i], slope = dy.at[i];
    const uint passed = word - 1 < 0x7f800000u || is_nan_word(slope) ? slope : 0;
    dx.at[i] = is_nan_word(word) ? word : passed;
  }
}
