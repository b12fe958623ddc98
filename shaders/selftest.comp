// selftest: y[i] = (factor x[i] + 1, lanes of the subgroup, i's lane, sum_j (j + 1) x[j], sum_j x[j],
//                   max_j x[j], x of the mirrored lane, sum_j h[j], max_j h[j]), h = (x - 500) / 2 as floats,
//                   j over the subgroup of i
// One lane per i. x: (lanes of all groups); y: (lanes of all groups, kSelftestWords). All values are exact.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "common/buffer.glsl"
#include "selftest.h"

layout(push_constant, std430) uniform Push {
  U32 x;
  U32 y;
  SelftestParams p;
};

void main() {
  const uint i = gl_WorkGroupID.x * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint value = x.at[i];
  const float half_value = (float(value) - 500) * 0.5;
  uint spread = 0;
  for (uint j = 0; j < gl_SubgroupSize; ++j) spread += (j + 1) * subgroupBroadcast(value, j);

  const uint first = i * kSelftestWords;
  y.at[first] = p.factor * value + 1;
  y.at[first + 1] = gl_SubgroupSize;
  y.at[first + 2] = gl_SubgroupInvocationID;
  y.at[first + 3] = spread;
  y.at[first + 4] = subgroupAdd(value);
  y.at[first + 5] = subgroupMax(value);
  y.at[first + 6] = subgroupShuffle(value, gl_SubgroupSize - 1 - gl_SubgroupInvocationID);
  y.at[first + 7] = floatBitsToUint(subgroupAdd(half_value));
  y.at[first + 8] = floatBitsToUint(subgroupMax(half_value));
}
