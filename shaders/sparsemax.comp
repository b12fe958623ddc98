// sparsemax: y[r,c] = max(x[r,c] - t, 0), t such that sum_c y[r,c] = 1; c < length
// One workgroup per row r; lanes stride over c. x, y: (rows, columns); lengths: as row_lengths.h says
// t is found as Michelot 1986 does: of all that can weigh something, what lies below the t of those left is
// dropped until nothing more is. Columns from the length on are not read and get 0; a row without a finite
// entry is 0. A NaN or +infinity among the columns read makes the whole row NaN.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "sparsemax.h"

layout(constant_id = 1) const bool kHasLengths = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 lengths;
  F32 y;
  SparsemaxParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint lanes = gl_WorkGroupSize.x, start = row * p.columns;
  uint seen = p.columns;
  if (kHasLengths) seen = min(seen, lengths.at[length_of_row(p.lengths, row)]);
  const uint first = start + gl_LocalInvocationID.x, end = start + seen;

  float largest = kLeast;
  bool strange = false, any = false;  // NaN or +infinity; an entry above -infinity
  for (uint i = first; i < end; i += lanes) {
    const float v = x.at[i];
    strange = strange || is_nan(v) || floatBitsToUint(v) == kInfinityBits;
    any = any || floatBitsToUint(v) != kMinusInfinityBits;
    largest = v > largest ? v : largest;
  }
  largest = lanes_max(largest);
  strange = lanes_any(strange);
  any = lanes_any(any);

  // Reckoned from the largest entry, which has t in -1 .. 0.
  float threshold = -1;
  uint left = 0xffffffffu;
  while (any && !strange) {
    float sum = 0, lost = 0;
    uint count = 0;
    for (uint i = first; i < end; i += lanes) {
      precise const float below = x.at[i] - largest;
      if (below > threshold) {
        accumulate(sum, lost, below);
        ++count;
      }
    }
    accumulate_lanes(sum, lost);
    count = lanes_add(count);
    if (count >= left) break;
    left = count;
    threshold = (sum + lost - 1) / float(count);
  }
  for (uint i = first; i < end; i += lanes) {
    precise const float below = x.at[i] - largest;
    y.at[i] = strange ? not_a_number() : any && below > threshold ? below - threshold : 0;
  }
  for (uint i = end + gl_LocalInvocationID.x; i < start + p.columns; i += lanes) y.at[i] = 0;
}
