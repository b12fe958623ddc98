// log_softmax: y[r,c] = x[r,c] - m - log(sum_j exp(x[r,j] - m)), m = max_j x[r,j]
// One workgroup per row r; lanes stride over c. x, y: (rows, columns)
// Entries of -infinity stay so; a NaN, a +infinity or nothing but -infinity make the whole row NaN.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/log_weights.glsl"
#include "log_softmax.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 y;
  LogSoftmaxParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint start = row * p.columns;
  const LogWeights weights = log_weights(x, start, p.columns);
  for (uint c = gl_LocalInvocationID.x; c < p.columns; c += gl_WorkGroupSize.x)
    y.at[start + c] = log_weight(x.at[start + c], weights);
}
