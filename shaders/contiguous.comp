// contiguous: y[sum_a i_a to_a] = x[sum_a i_a from_a] for all indices i_a below the extents
// Lanes lie side by side along the last axes; each divides once and walks p.steps elements of another axis.
// Elements are 1, 2 or 4 words, copied as they are.
// variant uint: ELEM=uint BYTES=4
// variant uvec2: ELEM=uvec2 BYTES=8
// variant uvec4: ELEM=uvec4 BYTES=16
// variant uint64: ELEM=uint64_t BYTES=8 INT64
#version 460
#extension GL_GOOGLE_include_directive : require
#ifdef INT64
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#endif
#include "common/buffer.glsl"
#include "contiguous.h"

layout(constant_id = 1) const int kAxes = 6;  // how many there are

layout(buffer_reference, std430, buffer_reference_align = BYTES) buffer Elements { ELEM at[]; };
layout(push_constant, std430) uniform Push {
  Elements x;
  Elements y;
  ContiguousParams p;
};

void main() {
  const uint number = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (number >= p.lanes) return;
  uint rest = number, source = 0, target = 0, innermost = 0;
  [[unroll]] for (int axis = 5; axis >= 0; --axis) {
    if (axis >= 6 - kAxes) {
      const uint outer = rest / p.extents[axis];
      const uint index = rest - outer * p.extents[axis];
      if (axis == 5) innermost = index;
      source += index * p.from[axis];
      target += index * p.to[axis];
      rest = outer;
    }
  }
  source += rest * p.steps * p.step_from;
  target += rest * p.steps * p.step_to;
  const uint first = rest * p.steps * p.pace + (p.pace > 1 ? innermost : 0);
  const uint left = p.walk > first ? (p.walk - first + p.pace - 1) / p.pace : 0;
  const uint steps = min(p.steps, left);

  // Four loads before their stores: they wait for memory together.
  const uint from = p.step_from, to = p.step_to;
  uint step = 0;
  for (; step + 4 <= steps; step += 4) {
    const ELEM a = x.at[source], b = x.at[source + from];
    const ELEM c = x.at[source + 2 * from], d = x.at[source + 3 * from];
    y.at[target] = a;
    y.at[target + to] = b;
    y.at[target + 2 * to] = c;
    y.at[target + 3 * to] = d;
    source += 4 * from;
    target += 4 * to;
  }
  for (; step < steps; ++step) {
    y.at[target] = x.at[source];
    source += from;
    target += to;
  }
}
