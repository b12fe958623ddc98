// argmax: y[r] = the first c at which x[r,c] is largest; the first NaN wins
// One workgroup per row r; lanes stride over c. x: (rows, columns); y: (rows).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "argmax.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 y;
  ArgmaxParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  uint best = 0, at = 0xffffffffu;  // no value has key 0
  for (uint c = gl_LocalInvocationID.x; c < p.columns; c += gl_WorkGroupSize.x) {
    const uint key = order_key(x.at[row * p.columns + c]);
    if (key > best) {
      best = key;
      at = c;
    }
  }
  const uint largest = lanes_max(best);
  at = lanes_min(best == largest ? at : 0xffffffffu);
  if (gl_LocalInvocationID.x == 0) y.at[row] = at;
}
