// sum_columns_wide: what sum_columns computes, a lane summing kWide quads, lanes apart
// For CPU drivers that keep arrays in registers (lavapipe): rows are read from end to end, as caches like it.
// class cpu
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "sum_columns.h"

layout(constant_id = 1) const bool kInParts = false;
layout(constant_id = 2) const uint kWide = 1;

layout(push_constant, std430) uniform Push {
  F32x4 x;
  F32x4 y;
  F32x4 lost_y;
  SumColumnsParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x, inner = p.inner / 4, results = p.results / 4;
  const uint blocks = (results + lanes * kWide - 1) / (lanes * kWide), part = group_index() / blocks;
  const uint first = part * p.part_rows, end = min(first + p.part_rows, p.extent);
  if (first >= end) return;
  const uint first_result = group_index() % blocks * lanes * kWide + gl_LocalInvocationID.x;
  uint at[kWide];
  vec4 sum[kWide], lost[kWide];
  [[unroll]] for (uint w = 0; w < kWide; ++w) {
    // Past the last result the last is repeated, not stored: the loop is the same for all lanes.
    const uint result = min(first_result + w * lanes, results - 1);
    at[w] = (result / inner * p.extent + first) * inner + result % inner;
    sum[w] = lost[w] = vec4(0);
  }

  uint j = first;
  for (; j + 4 <= end; j += 4)  // not a loop over the four: spirv-opt forgets `precise` where it unrolls
    [[unroll]] for (uint w = 0; w < kWide; ++w) {
      const uint i = at[w];
      const vec4 a = x.at[i], b = x.at[i + inner], c = x.at[i + 2 * inner], d = x.at[i + 3 * inner];
      accumulate(sum[w], lost[w], a);
      accumulate(sum[w], lost[w], b);
      accumulate(sum[w], lost[w], c);
      accumulate(sum[w], lost[w], d);
      at[w] = i + 4 * inner;
    }
  for (; j < end; ++j)
    [[unroll]] for (uint w = 0; w < kWide; ++w) {
      accumulate(sum[w], lost[w], x.at[at[w]]);
      at[w] += inner;
    }

  [[unroll]] for (uint w = 0; w < kWide; ++w) {
    const uint result = first_result + w * lanes;
    if (result >= results) continue;
    if (kInParts) {
      y.at[part * results + result] = sum[w];
      lost_y.at[part * results + result] = lost[w];
    } else {
      y.at[result] = accumulated(sum[w], lost[w]) / p.divisor;
    }
  }
}
