// draw: y[r] = the first c with sum_(j <= c) weights[r,j] > u[r] sum_j weights[r,j], u[r] uniform in [0, 1)
// u[4i .. 4i+3] = philox of counter (i, stream, step) and key seed, as 24 bits. One lane per row r.
// weights: (rows, columns); y: (rows). A row without a weight, or with a NaN, gets columns.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/generator.h"
#include "common/limits.glsl"
#include "common/philox.glsl"
#include "draw.h"

layout(push_constant, std430) uniform Push {
  F32 weights;
  U32 generator;
  U32 y;
  DrawParams p;
};

void main() {
  const uint row = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (row >= p.rows) return;
  const uvec2 seed = uvec2(generator.at[kSeedAt], generator.at[kSeedAt + 1]);
  const uvec2 step = uvec2(generator.at[kStepAt], generator.at[kStepAt + 1]);
  const uvec4 words = philox(uvec4(row / 4, p.stream, step), seed);
  const float u = float(words[row % 4] >> 8) * (1.0 / 16777216);

  const uint start = row * p.columns;
  precise float total = 0;
  for (uint c = 0; c < p.columns; ++c) total += weights.at[start + c];
  const float target = u * total;
  precise float sum = 0;
  uint drawn = p.columns;
  for (uint c = 0; c < p.columns; ++c) {
    const float weight = weights.at[start + c];
    if (sum > target) break;  // the last one is the drawn one
    sum += weight;
    if (weight > 0) drawn = c;  // also where rounding leaves the target at the total
  }
  y.at[row] = is_nan(total) ? p.columns : drawn;
}
