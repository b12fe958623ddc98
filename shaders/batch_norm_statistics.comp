// batch_norm_statistics: mean[c], variance[c] of all parts; running s <- s + momentum (s of the batch - s)
// A lane a channel. parts: (.., 2, channels), as batch_norm_parts leaves them; the others: (channels).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "batch_norm.h"

layout(constant_id = 1) const bool kRuns = false;  // there are running statistics

layout(push_constant, std430) uniform Push {
  F32 parts;
  F32 mean;
  F32 variance;
  F32 running_mean;
  F32 running_variance;
  BatchNormParams p;
};

void main() {
  const uint channel = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (channel >= p.channels) return;
  const float all = float(p.batch) * float(p.inner);
  const uint channels = p.channels;
  float center = 0;
  uint at = channel;
  for (uint first = 0; first < p.batch; first += p.images, at += 2 * channels)
    center += parts.at[at] * (float(min(p.images, p.batch - first) * p.inner) / all);
  // Squares around the common mean: those around a part's own, and the distance of the two.
  float squares = 0;
  at = channel;
  for (uint first = 0; first < p.batch; first += p.images, at += 2 * channels) {
    const float distance = parts.at[at] - center;
    const float count = float(min(p.images, p.batch - first) * p.inner);
    squares += parts.at[at + channels] + count * distance * distance;
  }
  mean.at[channel] = center;
  variance.at[channel] = squares / all;
  if (!kRuns) return;
  const float old_mean = running_mean.at[channel], old_variance = running_variance.at[channel];
  running_mean.at[channel] = old_mean + p.momentum * (center - old_mean);
  running_variance.at[channel] = old_variance + p.momentum * (squares / (all - 1) - old_variance);
}
