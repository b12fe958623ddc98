// max_grad: dx[o,j,i] = dy[o,i] at the first j where x[o,j,i] = y[o,i], else 0; NaN there where y is NaN
// kAcross: inner is 1, one workgroup per o, lanes stride over j. Else a lane per (o, i): loads lie together.
// x, dx: (outer, extent, inner); y, dy: (outer, inner).
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "max_grad.h"

layout(constant_id = 1) const bool kAcross = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 y;
  F32 dy;
  F32 dx;
  MaxGradParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x;
  const uint result = kAcross ? group_index() : group_index() * lanes + lane;
  if (result >= p.results) return;
  const uint inner = kAcross ? 1 : p.inner, first = kAcross ? lane : 0, step = kAcross ? lanes : 1;
  const uint start = result / inner * p.extent * inner + result % inner;
  const float largest = y.at[result];
  const uint key = order_key(largest);  // all NaNs have one, both zeros too

  uint at = p.extent;
  for (uint j = first; j < p.extent; j += step)
    if (at == p.extent && order_key(x.at[start + j * inner]) == key) at = j;
  if (kAcross) at = lanes_min(at);
  const float dlargest = is_nan(largest) ? largest : dy.at[result];
  for (uint j = first; j < p.extent; j += step) dx.at[start + j * inner] = j == at ? dlargest : 0;
}
