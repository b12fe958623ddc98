// contiguous: y[sum_a i_a to_a] = x[sum_a i_a from_a] for all indices (i_0 .. i_5) below the extents
// One lane visits kSteps elements, a workgroup's width apart. Words are copied as they are.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "contiguous.h"

layout(push_constant, std430) uniform Push {
  U32 x;
  U32 y;
  ContiguousParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    uint rest = i, source = 0, target = 0;
    [[unroll]] for (int axis = 5; axis >= 0; --axis) {
      const uint index = rest % p.extents[axis];
      rest /= p.extents[axis];
      source += index * p.from[axis];
      target += index * p.to[axis];
    }
    y.at[target] = x.at[source];
  }
}
