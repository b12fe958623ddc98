// Reductions over the lanes of a workgroup: one subgroup, or one lane where subgroup operations are not usable.
// The order of every sum is fixed, so replays agree bit for bit.
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require

float lanes_add(float v) { return gl_WorkGroupSize.x > 1 ? subgroupAdd(v) : v; }
uint lanes_add(uint v) { return gl_WorkGroupSize.x > 1 ? subgroupAdd(v) : v; }
float lanes_max(float v) { return gl_WorkGroupSize.x > 1 ? subgroupMax(v) : v; }  // not for NaN
uint lanes_max(uint v) { return gl_WorkGroupSize.x > 1 ? subgroupMax(v) : v; }
uint lanes_min(uint v) { return gl_WorkGroupSize.x > 1 ? subgroupMin(v) : v; }
bool lanes_any(bool v) { return gl_WorkGroupSize.x > 1 ? subgroupBallot(v) != uvec4(0) : v; }
uint lanes_before(uint v) { return gl_WorkGroupSize.x > 1 ? subgroupExclusiveAdd(v) : 0; }  // sum of lower lanes

// By their bits: drivers may take isnan() to be false.
bool is_nan(float v) { return (floatBitsToUint(v) & 0x7fffffffu) > 0x7f800000u; }
bool is_finite(float v) { return (floatBitsToUint(v) & 0x7f800000u) != 0x7f800000u; }

// Rises with v and is never 0; both zeros get one key, every NaN the largest.
uint order_key(float v) {
  const uint bits = floatBitsToUint(v);
  if (is_nan(v)) return 0xffffffffu;
  if (bits == 0x80000000u) return 0x80000000u;
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}
