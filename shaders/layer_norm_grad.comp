// layer_norm_grad: dx[r,c] = f (g[c] - mean_c g - n[c] mean_c (g n)), g = dy[r,c] weight[c],
// n = (h[r,c] - m) f, h = x + residual, m = mean_c h, f = 1 / sqrt(mean_c (h - m)^2 + eps) as in layer_norm
// One workgroup per row r; lanes stride over c. x, residual, dy, dx: (rows, columns); weight: (columns);
// moments: (rows, 4): what layer_norm_grad_columns needs of a row. Quads as in layer_norm_quads.
// training
// variant one: ELEM=float ELEM_SIZE=1 BUFFER=F32
// variant quads: ELEM=vec4 ELEM_SIZE=4 BUFFER=F32x4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "layer_norm_grad.h"

layout(constant_id = 1) const bool kHasResidual = false;

layout(push_constant, std430) uniform Push {
  BUFFER x;
  BUFFER residual;
  BUFFER weight;
  BUFFER dy;
  BUFFER dx;
  F32x4 moments;
  LayerNormGradParams p;
};

float add_all(float v) { return v; }
float add_all(vec4 v) { return (v.x + v.y) + (v.z + v.w); }
float first_of(float v) { return v; }
float first_of(vec4 v) { return v.x; }

// x + residual at element i, less the first such sum of the row, as layer_norm.glsl reckons.
ELEM deviation(uint i, float origin, float residual_origin) {
  precise ELEM d = x.at[i] - origin;
  if (kHasResidual) d += residual.at[i] - residual_origin;
  return d;
}

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint width = p.columns / ELEM_SIZE;
  const uint lanes = gl_WorkGroupSize.x, start = row * width, end = start + width;
  const uint first = start + gl_LocalInvocationID.x;
  const float count = float(p.columns), origin = first_of(x.at[start]);
  float residual_origin = 0;
  if (kHasResidual) residual_origin = first_of(residual.at[start]);

  ELEM sum = ELEM(0);
  for (uint i = first; i < end; i += lanes) sum += deviation(i, origin, residual_origin);
  const float mean = lanes_add(add_all(sum)) / count;

  ELEM squares = ELEM(0), gradients = ELEM(0), along = ELEM(0);
  for (uint i = first; i < end; i += lanes) {
    precise ELEM d = deviation(i, origin, residual_origin) - mean;
    const ELEM g = dy.at[i] * weight.at[i - start];
    squares += d * d;
    gradients += g;
    along += g * d;
  }
  const float factor = inverse_root(lanes_add(add_all(squares)) / count + p.eps);
  const float gradient = lanes_add(add_all(gradients)) / count;
  const float tilt = factor * (lanes_add(add_all(along)) / count);  // mean of g n

  for (uint i = first; i < end; i += lanes) {
    precise ELEM d = deviation(i, origin, residual_origin) - mean;
    dx.at[i] = factor * (dy.at[i] * weight.at[i - start] - gradient - d * factor * tilt);
  }
  if (gl_LocalInvocationID.x == 0) moments.at[row] = vec4(origin, residual_origin, mean, factor);
}
