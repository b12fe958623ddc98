// binary: y[i] = VALUE of a[i] and b[i]; of an operand that repeats element (i / inner) % period
// One lane visits kSteps elements, a workgroup's width apart. y: (count); a, b: (count), or (period).
// Each function is one of these lines.
// variant add: VALUE=a+b
// variant sub: VALUE=a-b
// variant mul: VALUE=a*b
// variant div: VALUE=a/b
// variant maximum: VALUE=is_nan(a)||a>b?a:b
// variant minimum: VALUE=is_nan(a)||a<b?a:b
// variant step: VALUE=a>b?1:a<b?0:a==b?0.5:a+b
// variant less: VALUE=a<b?1:0
// variant less_equal: VALUE=a<=b?1:0
// variant greater: VALUE=a>b?1:0
// variant greater_equal: VALUE=a>=b?1:0
// variant equal: VALUE=a==b?1:0
// variant not_equal: VALUE=a!=b?1:0
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "common/reduce.glsl"
#include "binary.h"

layout(constant_id = 1) const bool kRepeatsA = false;
layout(constant_id = 2) const bool kRepeatsB = false;

layout(push_constant, std430) uniform Push {
  F32 a_base;
  F32 b_base;
  F32 y;
  BinaryParams p;
};

float value_at(float a, float b) { return VALUE; }

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const uint in_a = kRepeatsA ? (i / p.a_inner) % p.a_period : i;
    const uint in_b = kRepeatsB ? (i / p.b_inner) % p.b_period : i;
    y.at[i] = value_at(a_base.at[in_a], b_base.at[in_b]);
  }
}
