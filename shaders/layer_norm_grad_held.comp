// layer_norm_grad_held: what layer_norm_grad and layer_norm_grad_columns compute, for whole quads
// One workgroup per part of the rows; row after row is held in registers, kHeld quads a lane, lanes apart.
// x, residual, dy, dx: (rows, columns); weight: (columns), read once; parts: (.., 2, columns).
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "layer_norm_grad.h"

layout(constant_id = 1) const bool kHasResidual = false;
layout(constant_id = 2) const uint kHeld = 1;

layout(push_constant, std430) uniform Push {
  F32x4 x;
  F32x4 residual;
  F32x4 weight;
  F32x4 dy;
  F32x4 dx;
  F32x4 parts;
  LayerNormGradParams p;
};

float add_all(vec4 v) { return (v.x + v.y) + (v.z + v.w); }

void main() {
  const uint part = group_index(), width = p.columns / 4, lanes = gl_WorkGroupSize.x;
  const uint first = part * p.part_rows, end = min(first + p.part_rows, p.rows);
  if (first >= end) return;
  const uint lane = gl_LocalInvocationID.x;
  const float count = float(p.columns), eps = p.eps;
  vec4 weights[kHeld], dweight[kHeld], dbias[kHeld];
  [[unroll]] for (uint q = 0; q < kHeld; ++q) {
    weights[q] = weight.at[q * lanes + lane];
    dweight[q] = dbias[q] = vec4(0);
  }

  for (uint row = first; row < end; ++row) {
    const uint start = row * width;
    // Reckoned from the first element of the row, see layer_norm.glsl.
    const float origin = x.at[start].x;
    float residual_origin = 0;
    if (kHasResidual) residual_origin = residual.at[start].x;
    vec4 held[kHeld], gradients[kHeld];  // deviations from the mean, and dy
    vec4 sum = vec4(0);
    [[unroll]] for (uint q = 0; q < kHeld; ++q) {
      const uint i = start + q * lanes + lane;
      precise vec4 d = x.at[i] - origin;
      if (kHasResidual) d += residual.at[i] - residual_origin;
      held[q] = d;
      sum += d;
    }
    const float mean = lanes_add(add_all(sum)) / count;
    vec4 squares = vec4(0), gradient_sum = vec4(0), along = vec4(0);
    [[unroll]] for (uint q = 0; q < kHeld; ++q) {
      precise vec4 d = held[q] - mean;
      const vec4 gradient = dy.at[start + q * lanes + lane], g = gradient * weights[q];
      held[q] = d;
      gradients[q] = gradient;
      squares += d * d;
      gradient_sum += g;
      along += g * d;
    }
    const float factor = inverse_root(lanes_add(add_all(squares)) / count + eps);
    const float gradient_mean = lanes_add(add_all(gradient_sum)) / count;
    const float tilt = factor * (lanes_add(add_all(along)) / count);  // mean of g n
    [[unroll]] for (uint q = 0; q < kHeld; ++q) {
      const vec4 n = held[q] * factor;
      dx.at[start + q * lanes + lane] = factor * (gradients[q] * weights[q] - gradient_mean - n * tilt);
      dweight[q] += gradients[q] * n;
      dbias[q] += gradients[q];
    }
  }
  [[unroll]] for (uint q = 0; q < kHeld; ++q) {
    parts.at[2 * part * width + q * lanes + lane] = dweight[q];
    parts.at[(2 * part + 1) * width + q * lanes + lane] = dbias[q];
  }
}
