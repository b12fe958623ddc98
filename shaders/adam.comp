// adam: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w -= rate / c1 * m / (sqrt(v / c2) + eps)
// One workgroup a segment, lanes stride over its elements. A norm that is not finite leaves everything as it
// is. kDecoupled: w shrinks by rate * decay (AdamW); else decay * w is added to the gradient.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "common/segments.glsl"
#include "common/update.glsl"
#include "adam.h"

layout(constant_id = 1) const bool kDecoupled = true;

layout(push_constant, std430) uniform Push {
  Segments table;
  F32 control;
  F32 norm;
  F32 first;   // moments of all parameters, one after another
  F32 second;
  AdamParams p;
};

void main() {
  const uint group = group_index();
  if (group >= p.segments || !is_finite(norm.at[0])) return;
  const Segment segment = table.at[group];
  F32 w = parameter_of(segment), g = gradient_of(segment);
  const float factor = gradient_factor(control, norm, p.clip), rate = control.at[kRate];
  const float step = rate / control.at[kFirstCorrection], root = sqrt(control.at[kSecondCorrection]);
  const float keep = kDecoupled ? 1 - rate * p.decay : 1, pull = kDecoupled ? 0 : p.decay;
  for (uint i = gl_LocalInvocationID.x; i < segment.count; i += gl_WorkGroupSize.x) {
    const float old = w.at[i];
    float gradient = g.at[i] * factor;
    if (!kDecoupled) gradient += pull * old;
    const float m = p.beta1 * first.at[segment.first + i] + (1 - p.beta1) * gradient;
    const float v = p.beta2 * second.at[segment.first + i] + (1 - p.beta2) * gradient * gradient;
    first.at[segment.first + i] = m;
    second.at[segment.first + i] = v;
    w.at[i] = old * keep - step * m / (sqrt(v) / root + p.eps);
  }
}
