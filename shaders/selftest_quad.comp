// selftest_quad: y[i] = x[i ^ 1], y[32 + i] = x[i ^ 3], by swaps inside groups of four lanes
// One workgroup of one subgroup; lanes stride over i. x: (32), y: (64).
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_quad : require
#include "common/buffer.glsl"

layout(push_constant, std430) uniform Push {
  U32 x;
  U32 y;
};

void main() {
  for (uint first = 0; first < 32; first += gl_WorkGroupSize.x) {
    const uint i = first + gl_LocalInvocationID.x;
    const uint value = x.at[i & 31];  // all lanes swap, also past the last i
    const uint neighbour = subgroupQuadSwapHorizontal(value);
    const uint diagonal = subgroupQuadSwapDiagonal(value);
    if (i >= 32) continue;
    y.at[i] = neighbour;
    y.at[32 + i] = diagonal;
  }
}
