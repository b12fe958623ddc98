// peak: y[i] = sum_j a_j, each after `steps` multiply-adds a_j <- factor a_j + x, from a_j = x + j
// One lane per i; x = 1 + lane / 64. y: (lanes of all groups).
// A measure of the device, not an op: independent accumulators hide the latency, long iterations the loop.
// Which shape is best depends on the driver's registers.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "peak.h"

layout(constant_id = 1) const uint kShape = 0;  // accumulators x steps an iteration: 0 16x1, 1 16x4, 2 12x32

layout(push_constant, std430) uniform Push {
  F32 y;
  PeakParams p;
};

#define ADD(a) a = a * f + x;
#define STEP_4(a, b, c, d) ADD(a) ADD(b) ADD(c) ADD(d)
#define STEP_12 STEP_4(a0, a1, a2, a3) STEP_4(a4, a5, a6, a7) STEP_4(a8, a9, aa, ab)
#define STEP_16 STEP_12 STEP_4(ac, ad, ae, af)
#define STEPS_8_OF_12 STEP_12 STEP_12 STEP_12 STEP_12 STEP_12 STEP_12 STEP_12 STEP_12

void main() {
  const float f = p.factor, x = 1 + gl_LocalInvocationID.x * (1.0 / 64);
  float a0 = x, a1 = x + 1, a2 = x + 2, a3 = x + 3, a4 = x + 4, a5 = x + 5, a6 = x + 6, a7 = x + 7;
  float a8 = x + 8, a9 = x + 9, aa = x + 10, ab = x + 11, ac = x + 12, ad = x + 13, ae = x + 14, af = x + 15;
  float sum = 0;
  if (kShape == 0) {
    for (uint i = 0; i < p.iterations; ++i) {
      STEP_16
    }
    sum = ac + ad + ae + af;
  }
  if (kShape == 1) {
    for (uint i = 0; i < p.iterations; ++i) {
      STEP_16 STEP_16 STEP_16 STEP_16
    }
    sum = ac + ad + ae + af;
  }
  if (kShape == 2) {
    for (uint i = 0; i < p.iterations; ++i) {
      STEPS_8_OF_12 STEPS_8_OF_12 STEPS_8_OF_12 STEPS_8_OF_12
    }
  }
  y.at[gl_WorkGroupID.x * gl_WorkGroupSize.x + gl_LocalInvocationID.x] =
      sum + a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9 + aa + ab;
}
