// Reductions over the lanes of a workgroup: one subgroup, or one lane where subgroups are not usable.
// The order of every sum is fixed, so replays agree bit for bit.
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "limits.glsl"

float lanes_add(float v) { return gl_WorkGroupSize.x > 1 ? subgroupAdd(v) : v; }
uint lanes_add(uint v) { return gl_WorkGroupSize.x > 1 ? subgroupAdd(v) : v; }
uvec4 lanes_add(uvec4 v) { return gl_WorkGroupSize.x > 1 ? subgroupAdd(v) : v; }
float lanes_max(float v) { return gl_WorkGroupSize.x > 1 ? subgroupMax(v) : v; }  // not for NaN
uint lanes_max(uint v) { return gl_WorkGroupSize.x > 1 ? subgroupMax(v) : v; }
uint lanes_min(uint v) { return gl_WorkGroupSize.x > 1 ? subgroupMin(v) : v; }
bool lanes_any(bool v) { return gl_WorkGroupSize.x > 1 ? subgroupBallot(v) != uvec4(0) : v; }
float lanes_spread(float v, uint lane) { return gl_WorkGroupSize.x > 1 ? subgroupBroadcast(v, lane) : v; }
uint lanes_before(uint v) { return gl_WorkGroupSize.x > 1 ? subgroupExclusiveAdd(v) : 0; }  // sum below

// A variance beyond fp32 would make finite zeros of its row: it makes NaN.
float inverse_root(float v) { return is_finite(v) ? 1 / sqrt(v) : not_a_number(); }

// Rises with v and is never 0; both zeros get one key, every NaN the largest.
uint order_key(float v) {
  const uint bits = floatBitsToUint(v), magnitude = bits & kMagnitudeBits;
  const uint below_zero = 0x80000000u - magnitude, above_zero = 0x80000000u + magnitude;
  const uint key = bits == magnitude ? above_zero : below_zero;
  return magnitude > kInfinityBits ? 0xffffffffu : key;
}
float value_of_key(uint key) {
  const uint above_zero = key - 0x80000000u, below_zero = 0x80000000u | (0x80000000u - key);
  const uint bits = key >= 0x80000000u ? above_zero : below_zero;
  return uintBitsToFloat(key == 0xffffffffu ? kNanBits : bits);
}
