// log_prob: y[r] = x[r,ids[r]] - m - log(sum_j exp(x[r,j] - m)), m = max_j x[r,j]; NaN if ids[r] >= columns
// One workgroup per row r; lanes stride over j. x: (rows, columns); ids, y: (rows)
// As log_softmax: an entry of -infinity stays so; a NaN, a +infinity or nothing but -infinity give NaN.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/log_weights.glsl"
#include "log_prob.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 ids;
  F32 y;
  LogProbParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint start = row * p.columns;
  const LogWeights weights = log_weights(x, start, p.columns);
  if (gl_LocalInvocationID.x != 0) return;
  const uint id = ids.at[row];
  float result = not_a_number();
  if (id < p.columns) result = log_weight(x.at[start + id], weights);
  y.at[row] = result;
}
