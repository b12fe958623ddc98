// sgd: g += decay w, m = momentum m + g, w -= rate m
// One workgroup a segment, lanes stride over its elements. A norm that is not finite leaves everything as it
// is. kNesterov: w -= rate (g + momentum m).
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "common/segments.glsl"
#include "common/update.glsl"
#include "sgd.h"

layout(constant_id = 1) const bool kNesterov = false;

layout(push_constant, std430) uniform Push {
  Segments table;
  F32 control;
  F32 norm;
  F32 moment;  // of all parameters, one after another
  SgdParams p;
};

void main() {
  const uint group = group_index();
  if (group >= p.segments || !is_finite(norm.at[0])) return;
  const Segment segment = table.at[group];
  F32 w = parameter_of(segment), g = gradient_of(segment);
  const float factor = gradient_factor(control, norm, p.clip), rate = control.at[kRate];
  for (uint i = gl_LocalInvocationID.x; i < segment.count; i += gl_WorkGroupSize.x) {
    const float old = w.at[i], gradient = g.at[i] * factor + p.decay * old;
    const float m = p.momentum * moment.at[segment.first + i] + gradient;
    moment.at[segment.first + i] = m;
    w.at[i] = old - rate * (kNesterov ? gradient + p.momentum * m : m);
  }
}
