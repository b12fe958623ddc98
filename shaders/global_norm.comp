// global_norm: y = sqrt(sum over all tensors x of x^2)
// kTotal: one workgroup adds up the squares of all segments and takes the root. Else one workgroup a segment,
// lanes stride over its elements.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "common/segments.glsl"
#include "global_norm.h"

layout(constant_id = 1) const bool kTotal = false;

layout(push_constant, std430) uniform Push {
  Segments table;
  F32 squares;  // (segments)
  F32 y;        // (1)
  GlobalNormParams p;
};

void main() {
  const uint group = group_index(), lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x;
  if (group >= p.segments) return;
  float sum = 0, lost = 0;
  if (kTotal) {
    for (uint i = lane; i < p.segments; i += lanes) accumulate(sum, lost, squares.at[i]);
  } else {
    const Segment segment = table.at[group];
    F32 x = gradient_of(segment);
    for (uint i = lane; i < segment.count; i += lanes) {
      const float v = x.at[i];
      accumulate(sum, lost, v * v);
    }
  }
  accumulate_lanes(sum, lost);
  const float total = is_finite(sum) ? sum + lost : sum;
  if (lane != 0) return;
  if (kTotal) y.at[0] = is_finite(total) ? sqrt(total) : total;
  else squares.at[group] = total;
}
