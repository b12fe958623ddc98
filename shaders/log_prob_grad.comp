// log_prob_grad: dx[r,c] = dy[r] ((c == ids[r]) - exp(x[r,c] - x[r,ids[r]] + y[r]))
// One workgroup per row r; lanes stride over c. x, dx: (rows, columns); ids, y, dy: (rows)
// The exponentials are the softmax of x. A row whose y is NaN is NaN.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/log_weights.glsl"
#include "log_prob_grad.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 ids;
  F32 y;
  F32 dy;
  F32 dx;
  LogProbGradParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint start = row * p.columns, lanes = gl_WorkGroupSize.x;
  const uint id = min(ids.at[row], p.columns - 1);  // y is NaN past the end
  const float log_prob = y.at[row];
  LogWeights weights = LogWeights(x.at[start + id], -log_prob);
  if (!is_finite(log_prob)) weights = log_weights(x, start, p.columns);  // x[id] is -infinity
  float gradient = dy.at[row];
  if (is_nan(log_prob)) gradient = log_prob;
  for (uint c = gl_LocalInvocationID.x; c < p.columns; c += lanes) {
    const float below = log_weight(x.at[start + c], weights);
    const float weight = below > kVanishing ? exp(below) : 0;
    dx.at[start + c] = gradient * ((c == id ? 1 : 0) - weight);
  }
}
