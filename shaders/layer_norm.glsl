// The body of layer_norm.comp and layer_norm_quads.comp: ELEM is float or vec4, BUFFER a buffer of them.
// Everything is reckoned from the first element of the row: such differences are exact where the mean is far
// larger than the spread, and elsewhere their error is small beside the largest deviation of the row.
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "layer_norm.h"

layout(constant_id = 1) const bool kHasResidual = false;

layout(push_constant, std430) uniform Push {
  BUFFER x;
  BUFFER residual;
  BUFFER weight;
  BUFFER bias;
  BUFFER y;
  LayerNormParams p;
};

float add_all(float v) { return v; }
float add_all(vec4 v) { return (v.x + v.y) + (v.z + v.w); }
float first_of(float v) { return v; }
float first_of(vec4 v) { return v.x; }

// x + residual at element i, less the first such sum of the row.
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
  const float origin = first_of(x.at[start]);
  float residual_origin = 0;
  if (kHasResidual) residual_origin = first_of(residual.at[start]);

  ELEM sum = ELEM(0);
  for (uint i = first; i < end; i += lanes) sum += deviation(i, origin, residual_origin);
  const float mean = lanes_add(add_all(sum)) / float(p.columns);

  ELEM squares = ELEM(0);
  for (uint i = first; i < end; i += lanes) {
    precise ELEM d = deviation(i, origin, residual_origin) - mean;
    squares += d * d;
  }
  const float variance = lanes_add(add_all(squares)) / float(p.columns);
  const float factor = inverse_root(variance + p.eps);

  for (uint i = first; i < end; i += lanes) {
    precise ELEM d = deviation(i, origin, residual_origin) - mean;
    y.at[i] = d * factor * weight.at[i - start] + bias.at[i - start];
  }
}
