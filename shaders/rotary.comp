// rotary: y[r,2i] = x[r,2i] c - x[r,2i+1] s; y[r,2i+1] = x[r,2i] s + x[r,2i+1] c
// One lane visits kSteps pairs, a workgroup's width apart. x, y: (rows, per_token, 2)
// c, s: turns[r mod tokens + step, i] of (tokens + steps - 1, per_token, 2); step (1) of kHasStep, else 0;
// NaN from step = steps on.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "common/limits.glsl"
#include "rotary.h"

layout(constant_id = 1) const bool kHasStep = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 step;
  F32 turns;
  F32 y;
  RotaryParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  const uint later = kHasStep ? step.at[0] : 0;
  const bool known = later < p.steps;
  for (uint i = 0; i < kSteps; ++i) {
    const uint pair = first + i * gl_WorkGroupSize.x;
    if (pair >= p.pairs) continue;
    const uint at = 2 * pair;
    if (!known) {
      y.at[at] = y.at[at + 1] = not_a_number();
      continue;
    }
    const uint turn = 2 * (pair % (p.tokens * p.per_token) + later * p.per_token);
    const float a = x.at[at], b = x.at[at + 1], c = turns.at[turn], s = turns.at[turn + 1];
    y.at[at] = a * c - b * s;
    y.at[at + 1] = a * s + b * c;
  }
}
