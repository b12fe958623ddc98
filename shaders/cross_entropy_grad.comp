// cross_entropy_grad: dx[r,c] = dloss / count * (exp(x[r,c] - top - tail) - target[r,c]); ignored rows get 0
// weights[r] = (top, tail), target[r,c] = (1 - smoothing) [c == ids[r]] + smoothing / columns
// One workgroup per row r; lanes stride over c. x, dx: (rows, columns); ids: (rows); weights: (rows, 2);
// count, dloss: (1). A row whose loss is NaN gets NaN.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "cross_entropy.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 ids;
  F32 weights;
  F32 count;
  F32 dloss;
  F32 dx;
  CrossEntropyParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint start = row * p.columns, end = start + p.columns, id = ids.at[row];
  const uint first = start + gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x;
  const float top = weights.at[2 * row], tail = weights.at[2 * row + 1];
  // Drivers differ in exp(NaN).
  const bool counted = id != p.ignored, valid = is_finite(tail) && id < p.columns;
  if (!counted || !valid) {
    const float value = counted ? not_a_number() : 0;
    for (uint i = first; i < end; i += lanes) dx.at[i] = value;
    return;
  }
  const float drow = dloss.at[0] / count.at[0], everywhere = p.smoothing / p.columns;
  for (uint i = first; i < end; i += lanes) {
    precise const float below = x.at[i] - top;
    const float log_weight = below - tail;
    const float weight = log_weight > kVanishing ? exp(log_weight) : 0;
    dx.at[i] = drow * (weight - (i == start + id ? 1 - p.smoothing + everywhere : everywhere));
  }
}
