// blend: shared = keep shared + take x, for many tensors x that lie one after another in shared
// One workgroup a segment, lanes stride over its elements. keep 0 overwrites: nothing old is read.
// kGuarded: a norm that is not finite leaves everything as it is.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "common/segments.glsl"
#include "blend.h"

layout(constant_id = 1) const bool kGuarded = false;

layout(push_constant, std430) uniform Push {
  Segments table;
  F32 norm;  // (1), if guarded
  F32 shared_memory;
  BlendParams p;
};

void main() {
  const uint group = group_index();
  if (group >= p.segments || (kGuarded && !is_finite(norm.at[0]))) return;
  const Segment segment = table.at[group];
  F32 x = parameter_of(segment);
  for (uint i = gl_LocalInvocationID.x; i < segment.count; i += gl_WorkGroupSize.x) {
    const float old = p.keep == 0 ? 0 : p.keep * shared_memory.at[segment.first + i];
    shared_memory.at[segment.first + i] = old + p.take * x.at[i];
  }
}
