// cross_entropy_mean: loss = sum_r losses[r] / count, count = how many ids are not the ignored one; 0 of none
// One workgroup; lanes stride over r. losses, ids: (rows); loss, count: (1). Sums are compensated.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "cross_entropy.h"

layout(push_constant, std430) uniform Push {
  F32 losses;
  U32 ids;
  F32 loss;
  F32 counted;
  CrossEntropyParams p;
};

void main() {
  float sum = 0, lost = 0;
  uint count = 0;
  for (uint row = gl_LocalInvocationID.x; row < p.rows; row += gl_WorkGroupSize.x) {
    accumulate(sum, lost, losses.at[row]);
    count += uint(ids.at[row] != p.ignored);
  }
  accumulate_lanes(sum, lost);
  count = lanes_add(count);
  if (gl_LocalInvocationID.x != 0) return;
  loss.at[0] = count > 0 ? (is_finite(sum) ? sum + lost : sum) / float(count) : 0;
  counted.at[0] = float(count);
}
