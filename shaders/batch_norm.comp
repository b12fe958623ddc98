// batch_norm: y[b,c,i] = activation((x[b,c,i] - mean[c]) / sqrt(variance[c] + eps) * weight[c] + bias[c])
// One workgroup a plane (b, c); lanes stride over i. x, y: (batch, channels, inner); the others: (channels).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/activate.glsl"
#include "common/reduce.glsl"
#include "batch_norm.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 weight;
  F32 bias;
  F32 mean;
  F32 variance;
  F32 y;
  BatchNormParams p;
};

void main() {
  const uint plane = group_index();
  if (plane >= p.batch * p.channels) return;
  const uint channel = plane % p.channels, start = plane * p.inner, end = start + p.inner;
  const float center = mean.at[channel], shift = bias.at[channel];
  const float factor = weight.at[channel] * inverse_root(variance.at[channel] + p.eps);
  F32 from = x, to = y;
  for (uint i = start + gl_LocalInvocationID.x; i < end; i += gl_WorkGroupSize.x)
    to.at[i] = activate((from.at[i] - center) * factor + shift);
}
