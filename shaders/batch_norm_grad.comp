// batch_norm_grad: dx = weight / sqrt(variance + eps) * (dy - share (dbias + xhat dweight)), of each channel
// One workgroup a plane (b, c); lanes stride over i. xhat = (x - mean) / sqrt(variance + eps).
// x, dy, dx: (batch, channels, inner); sums: dweight, then dbias, (channels) each; the others: (channels).
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "batch_norm.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 dy;
  F32 weight;
  F32 mean;
  F32 variance;
  F32 sums;
  F32 dx;
  BatchNormParams p;
};

void main() {
  const uint plane = group_index();
  if (plane >= p.batch * p.channels) return;
  const uint channel = plane % p.channels, start = plane * p.inner, end = start + p.inner;
  const float center = mean.at[channel], inverse = inverse_root(variance.at[channel] + p.eps);
  const float factor = weight.at[channel] * inverse;
  const float along = sums.at[channel] * p.share * inverse, shift = sums.at[p.channels + channel] * p.share;
  F32 from = x, gradient = dy, to = dx;
  for (uint i = start + gl_LocalInvocationID.x; i < end; i += gl_WorkGroupSize.x)
    to.at[i] = factor * (gradient.at[i] - shift - (from.at[i] - center) * along);
}
