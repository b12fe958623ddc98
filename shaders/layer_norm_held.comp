// layer_norm_held: what layer_norm computes, for rows of lanes * kHeld whole quads on 16-byte boundaries
// One workgroup per kRows rows, held in registers; a lane holds kHeld quads of each, a workgroup apart.
// x, residual, y: (rows, columns); weight, bias: (columns), read once for the kRows rows.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "layer_norm.h"

layout(constant_id = 1) const bool kHasResidual = false;
layout(constant_id = 2) const uint kHeld = 1;
layout(constant_id = 3) const uint kRows = 1;

layout(push_constant, std430) uniform Push {
  F32x4 x;
  F32x4 residual;
  F32x4 weight;
  F32x4 bias;
  F32x4 y;
  LayerNormParams p;
};

float add_all(vec4 v) { return (v.x + v.y) + (v.z + v.w); }

void main() {
  const uint width = p.columns / 4, first_row = group_index() * kRows;
  if (first_row >= p.rows) return;
  const uint lane = gl_LocalInvocationID.x;
  vec4 held[kRows * kHeld];  // deviations from the mean
  float factor[kRows];

  [[unroll]] for (uint r = 0; r < kRows; ++r) {
    const uint start = min(first_row + r, p.rows - 1) * width;  // a row past the end repeats the last
    // Reckoned from the first element of the row, see layer_norm.glsl.
    const float origin = x.at[start].x;
    float residual_origin = 0;
    if (kHasResidual) residual_origin = residual.at[start].x;
    vec4 sum = vec4(0);
    [[unroll]] for (uint q = 0; q < kHeld; ++q) {
      const uint i = start + q * gl_WorkGroupSize.x + lane;
      precise vec4 d = x.at[i] - origin;
      if (kHasResidual) d += residual.at[i] - residual_origin;
      held[r * kHeld + q] = d;
      sum += d;
    }
    const float mean = lanes_add(add_all(sum)) / float(p.columns);
    vec4 squares = vec4(0);
    [[unroll]] for (uint q = 0; q < kHeld; ++q) {
      precise vec4 d = held[r * kHeld + q] - mean;
      held[r * kHeld + q] = d;
      squares += d * d;
    }
    factor[r] = inverse_root(lanes_add(add_all(squares)) / float(p.columns) + p.eps);
  }

  [[unroll]] for (uint q = 0; q < kHeld; ++q) {
    const uint c = q * gl_WorkGroupSize.x + lane;
    const vec4 g = weight.at[c], b = bias.at[c];
    [[unroll]] for (uint r = 0; r < kRows; ++r)
      if (first_row + r < p.rows) y.at[(first_row + r) * width + c] = held[r * kHeld + q] * factor[r] * g + b;
  }
}
