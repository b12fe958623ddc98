// sum_columns: y[o,i] = sum_j x[o,j,i] / divisor, or such sums of parts of the rows j and what they lost
// A lane per ELEM of (o, i) and part; loads of neighbouring lanes lie together. x: (outer, extent, inner);
// y: (outer, inner); y and lost_y in parts: (parts, outer, inner). Sums are compensated: the error does not
// grow with the extent. Quads need whole ones, on 16-byte boundaries. No arrays: SwiftShader would keep them
// in memory.
// variant one: ELEM=float ELEM_SIZE=1 BUFFER=F32
// variant quads: ELEM=vec4 ELEM_SIZE=4 BUFFER=F32x4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "sum_columns.h"

layout(constant_id = 1) const bool kInParts = false;  // leaves sums and lost for sum_parts

layout(push_constant, std430) uniform Push {
  BUFFER x;
  BUFFER y;
  BUFFER lost_y;
  SumColumnsParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x, inner = p.inner / ELEM_SIZE, results = p.results / ELEM_SIZE;
  const uint blocks = (results + lanes - 1) / lanes, part = group_index() / blocks;
  const uint first = part * p.part_rows, end = min(first + p.part_rows, p.extent);
  if (first >= end) return;
  const uint result = group_index() % blocks * lanes + gl_LocalInvocationID.x;
  // Lanes past the last result repeat it and store nothing: the loop is the same for all.
  const uint mine = min(result, results - 1);
  uint at = (mine / inner * p.extent + first) * inner + mine % inner;

  ELEM sum = ELEM(0), lost = ELEM(0);
  uint j = first;
  for (; j + 4 <= end; j += 4, at += 4 * inner) {  // four loads under way at once
    const ELEM a = x.at[at], b = x.at[at + inner], c = x.at[at + 2 * inner], d = x.at[at + 3 * inner];
    accumulate(sum, lost, a);
    accumulate(sum, lost, b);
    accumulate(sum, lost, c);
    accumulate(sum, lost, d);
  }
  for (; j < end; ++j, at += inner) accumulate(sum, lost, x.at[at]);

  if (result >= results) return;
  if (kInParts) {
    y.at[part * results + result] = sum;
    lost_y.at[part * results + result] = lost;
  } else {
    y.at[result] = accumulated(sum, lost) / p.divisor;
  }
}
