// where: y[i] = condition[i] is not 0 ? a[i] : b[i]; of an operand that repeats element (i / inner) % period
// One lane visits kSteps elements, a workgroup's width apart. y: (count); the others: (count), or (period).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "common/limits.glsl"
#include "where.h"

layout(constant_id = 1) const bool kRepeatsCondition = false;
layout(constant_id = 2) const bool kRepeatsA = false;
layout(constant_id = 3) const bool kRepeatsB = false;

// As words: a tiny number is not 0, though some drivers compare it so.
layout(push_constant, std430) uniform Push {
  U32 condition;
  U32 a;
  U32 b;
  U32 y;
  WhereParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint i = first + step * gl_WorkGroupSize.x;
    if (i >= p.count) continue;
    const uint in_condition = kRepeatsCondition ? (i / p.condition_inner) % p.condition_period : i;
    const uint in_a = kRepeatsA ? (i / p.a_inner) % p.a_period : i;
    const uint in_b = kRepeatsB ? (i / p.b_inner) % p.b_period : i;
    const bool takes_a = (condition.at[in_condition] & kMagnitudeBits) != 0;
    y.at[i] = takes_a ? a.at[in_a] : b.at[in_b];
  }
}
