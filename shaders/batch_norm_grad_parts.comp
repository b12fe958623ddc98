// batch_norm_grad_parts: parts[q,0,c] = sum dy[b,c,i] xhat[b,c,i], parts[q,1,c] = sum dy[b,c,i], b of part q
// One workgroup a part and channel; lanes stride over i. xhat = (x - mean) / sqrt(variance + eps).
// x, dy: (batch, channels, inner); mean, variance: (channels); parts: (.., 2, channels).
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "batch_norm.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 dy;
  F32 mean;
  F32 variance;
  F32 parts;
  BatchNormParams p;
};

void main() {
  const uint part = group_index() / p.channels, channel = group_index() % p.channels;
  const uint first = part * p.images, end = min(first + p.images, p.batch), lanes = gl_WorkGroupSize.x;
  if (first >= p.batch) return;
  const uint inner = p.inner, step = p.channels * inner, lane = gl_LocalInvocationID.x;
  const float center = mean.at[channel], factor = inverse_root(variance.at[channel] + p.eps);
  F32 from = x, gradient = dy;
  float sum = 0, along = 0;
  for (uint b = first; b < end; ++b) {
    const uint start = b * step + channel * inner;
    for (uint i = lane; i < inner; i += lanes) {
      const float d = gradient.at[start + i];
      sum += d;
      along += d * (from.at[start + i] - center);
    }
  }
  sum = lanes_add(sum);
  along = lanes_add(along) * factor;
  if (lane != 0) return;
  parts.at[2 * part * p.channels + channel] = along;
  parts.at[(2 * part + 1) * p.channels + channel] = sum;
}
