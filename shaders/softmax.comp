// softmax: y[r,c] = exp(s[r,c] - m) / sum_j exp(s[r,j] - m), s = scale x, m = max_j s[r,j]; c, j < length
// One workgroup per row r; lanes stride over c. x, y: (rows, columns); lengths: as row_lengths.h says
// Columns from the length on are not read and get 0, as do entries of -infinity; a row without a weight is 0.
// A NaN or +infinity among the columns read makes the whole row NaN.
// kCausal: the last query sees all columns, the one before it one fewer, and so on.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "softmax.h"

layout(constant_id = 1) const bool kHasLengths = false;
layout(constant_id = 2) const bool kCausal = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 lengths;
  F32 y;
  SoftmaxParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint lanes = gl_WorkGroupSize.x, start = row * p.columns;
  uint seen = p.columns;
  if (kHasLengths) seen = min(seen, lengths.at[length_of_row(p.lengths, row)]);
  if (kCausal) {
    const uint sees = row % p.queries + 1 + p.columns;  // and p.queries more than it does
    seen = min(seen, sees > p.queries ? sees - p.queries : 0);
  }
  const uint first = start + gl_LocalInvocationID.x, end = start + seen;

  float largest = kHalfLeast;
  for (uint i = first; i < end; i += lanes) {
    const float v = p.scale * x.at[i];
    largest = v > largest ? v : largest;
  }
  largest = lanes_max(largest);

  // A lane reads back only what it wrote itself.
  float sum = 0;
  for (uint i = first; i < end; i += lanes) {
    const float v = p.scale * x.at[i];
    const float weight = is_nan(v) ? v : floatBitsToUint(v) == kMinusInfinityBits ? 0 : exp(v - largest);
    y.at[i] = weight;
    sum += weight;
  }
  sum = lanes_add(sum);
  // +infinity: exp(infinity - infinity). Decided here, as drivers differ in exp(NaN).
  const bool valid = is_finite(sum) && is_finite(largest);
  const float factor = valid ? (sum > 0 ? 1 / sum : 0) : not_a_number();
  for (uint i = first; i < end; i += lanes) y.at[i] = valid ? y.at[i] * factor : factor;
  for (uint i = end + gl_LocalInvocationID.x; i < start + p.columns; i += lanes) y.at[i] = 0;
}
