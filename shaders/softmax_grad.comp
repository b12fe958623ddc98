// softmax_grad: dx[r,c] = scale y[r,c] (dy[r,c] - sum_j dy[r,j] y[r,j])
// One workgroup per row r; lanes stride over c. y, dy, dx: (rows, columns)
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "softmax_grad.h"

layout(push_constant, std430) uniform Push {
  F32 y;
  F32 dy;
  F32 dx;
  SoftmaxGradParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint lanes = gl_WorkGroupSize.x, start = row * p.columns, end = start + p.columns;
  const uint first = start + gl_LocalInvocationID.x;
  float along = 0;  // how far dy lies along y
  for (uint i = first; i < end; i += lanes) along += dy.at[i] * y.at[i];
  along = lanes_add(along);
  for (uint i = first; i < end; i += lanes) dx.at[i] = p.scale * (y.at[i] * (dy.at[i] - along));
}
