// advance: step <- step + 1, the 64-bit step of a generator
// One lane.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/generator.h"

layout(push_constant, std430) uniform Push {
  U32 generator;
};

void main() {
  const uint low = generator.at[kStepAt] + 1;
  generator.at[kStepAt] = low;
  if (low == 0) generator.at[kStepAt + 1] += 1;
}
