// one_hot: y[r,c] = 1 where c == ids[r], else 0
// One lane visits kSteps elements of y, a workgroup's width apart. ids: (rows); y: (rows, columns)
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "one_hot.h"

layout(push_constant, std430) uniform Push {
  U32 ids;
  F32 y;
  OneHotParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i < p.count) y.at[i] = ids.at[i / p.columns] == i % p.columns ? 1 : 0;
  }
}
