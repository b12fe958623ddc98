// dropout: y[i] = x[i] * (word[i] >= threshold ? factor : 0)
// word[4j .. 4j+3] = philox of counter (j, stream, step) and key seed
// One lane visits kSteps / 4 quads of neighbours, a workgroup's width apart. x, y: (count).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/elementwise.h"
#include "common/generator.h"
#include "common/philox.glsl"
#include "dropout.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 generator;
  F32 y;
  DropoutParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x;
  const uvec2 seed = uvec2(generator.at[kSeedAt], generator.at[kSeedAt + 1]);
  const uvec2 step = uvec2(generator.at[kStepAt], generator.at[kStepAt + 1]);
  const uint first = group_index() * lanes * (kSteps / 4) + gl_LocalInvocationID.x;
  for (uint turn = 0; turn < kSteps / 4; ++turn) {
    const uint quad = first + turn * lanes;
    if (quad >= (p.count + 3) / 4) return;
    const uvec4 words = philox(uvec4(quad, p.stream, step), seed);
    [[unroll]] for (uint j = 0; j < 4; ++j) {
      const uint i = quad * 4 + j;
      if (i < p.count) y.at[i] = x.at[i] * (words[j] >= p.threshold ? p.factor : 0);
    }
  }
}
