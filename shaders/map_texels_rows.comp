// map_texels_rows: y[r,c] = sum_i weight[r,i] x[cell[r,i], c], i < 4
// One lane a light. x: (rows, columns); y: (height, columns).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "map_texels.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 down;
  F32 y;
  MapTexelsParams p;
};

void main() {
  const uint at = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint row = at / p.columns, column = at - row * p.columns;
  if (row >= p.height) return;
  float light = 0;
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    const float weight = uintBitsToFloat(down.at[(4 + i) * p.height + row]);
    light += weight * x.at[down.at[i * p.height + row] * p.columns + column];
  }
  y.at[at] = light;
}
