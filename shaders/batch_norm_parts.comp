// batch_norm_parts: parts[q,0,c] = mean m of x[b,c,i], b of part q; parts[q,1,c] = sum (x[b,c,i] - m)^2
// One workgroup a part and channel; lanes stride over i. x: (batch, channels, inner); parts: (q, 2, channels)
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "batch_norm.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 parts;
  BatchNormParams p;
};

void main() {
  const uint part = group_index() / p.channels, channel = group_index() % p.channels;
  const uint first = part * p.images, end = min(first + p.images, p.batch), lanes = gl_WorkGroupSize.x;
  if (first >= p.batch) return;
  const uint inner = p.inner, step = p.channels * inner, lane = gl_LocalInvocationID.x;
  F32 from = x;
  float sum = 0;
  for (uint b = first; b < end; ++b) {
    const uint start = b * step + channel * inner;
    for (uint i = lane; i < inner; i += lanes) sum += from.at[start + i];
  }
  const float mean = lanes_add(sum) / (float(end - first) * float(inner));
  float squares = 0;
  for (uint b = first; b < end; ++b) {
    const uint start = b * step + channel * inner;
    for (uint i = lane; i < inner; i += lanes) {
      const float distance = from.at[start + i] - mean;
      squares += distance * distance;
    }
  }
  squares = lanes_add(squares);
  if (lane != 0) return;
  parts.at[2 * part * p.channels + channel] = mean;
  parts.at[(2 * part + 1) * p.channels + channel] = squares;
}
