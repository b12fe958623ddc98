// rotary: y[r,2i] = x[r,2i] c - x[r,2i+1] s; y[r,2i+1] = x[r,2i] s + x[r,2i+1] c
// One lane visits kSteps pairs, a workgroup's width apart. x, y: (rows, per_token, 2)
// c, s: turns[r mod tokens, i] of (tokens, per_token, 2).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "rotary.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 turns;
  F32 y;
  RotaryParams p;
};

void main() {
  const uint first = group_index() * gl_WorkGroupSize.x * kSteps + gl_LocalInvocationID.x;
  for (uint step = 0; step < kSteps; ++step) {
    const uint pair = first + step * gl_WorkGroupSize.x;
    if (pair >= p.pairs) continue;
    const uint at = 2 * pair, turn = 2 * (pair % (p.tokens * p.per_token));
    const float a = x.at[at], b = x.at[at + 1], c = turns.at[turn], s = turns.at[turn + 1];
    y.at[at] = a * c - b * s;
    y.at[at + 1] = a * s + b * c;
  }
}
