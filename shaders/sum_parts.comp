// sum_parts: y[i] = sum_p (sums[p,i] + lost[p,i]) / divisor: the end of sum_columns
// A lane per i. sums, lost: (parts, results), what sum_columns left; y: (results).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "sum_parts.h"

layout(push_constant, std430) uniform Push {
  F32 sums;
  F32 lost;
  F32 y;
  SumPartsParams p;
};

void main() {
  const uint i = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (i >= p.results) return;
  float sum = 0, left = 0;
  for (uint at = i; at < p.parts * p.results; at += p.results) {
    accumulate(sum, left, sums.at[at]);
    left += lost.at[at];
  }
  y.at[i] = accumulated(sum, left) / p.divisor;
}
