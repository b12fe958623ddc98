// advance: step <- step + 1, of 64 bits at words p.at and p.at + 1 of the generator
// One lane.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "advance.h"

layout(push_constant, std430) uniform Push {
  U32 generator;
  AdvanceParams p;
};

void main() {
  const uint low = generator.at[p.at] + 1;
  generator.at[p.at] = low;
  if (low == 0) generator.at[p.at + 1] += 1;
}
