// cross_entropy: losses[r] = tail - (1 - smoothing) (x[r,id] - top) - smoothing mean_c(x[r,c] - top),
// weights[r] = (top, tail), top = max_c x[r,c], tail = log(sum_c exp(x[r,c] - top)), id = ids[r]
// One workgroup per row r; lanes stride over c. x: (rows, columns); ids, losses: (rows); weights: (rows, 2)
// Ignored rows are not read and get 0. An id outside the columns, a NaN, a +infinity or nothing but -infinity
// make the row's loss NaN.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/log_weights.glsl"
#include "cross_entropy.h"

layout(constant_id = 1) const bool kSmoothing = false;

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 ids;
  F32 losses;
  F32 weights;
  CrossEntropyParams p;
};

const uint kBlock = 8;  // columns a lane holds at once

float weight_of(float v) { return v > kVanishing ? exp(v) : 0; }  // exp(v) of v <= 0

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x;
  const uint start = row * p.columns, end = start + p.columns, id = ids.at[row];
  if (id == p.ignored) {
    if (lane == 0) losses.at[row] = weights.at[2 * row] = weights.at[2 * row + 1] = 0;
    return;
  }

  // One pass: a lane's sum is of exponentials below its largest entry so far (Milakov and Gimelshein 2018).
  float top = kLeast, sum = 0, lost = 0;
  const float nothing = uintBitsToFloat(kMinusInfinityBits);
  float total = 0, total_lost = 0;  // of x - origin: differences of near entries are exact
  const float entry = x.at[start], origin = is_finite(entry) ? entry : 0;
  for (uint i = start + lane; i < end; i += kBlock * lanes) {
    float v[kBlock];
    float larger = top;
    [[unroll]] for (uint j = 0; j < kBlock; ++j) {
      const uint at = i + j * lanes;
      const float loaded = x.at[min(at, end - 1)];
      v[j] = at < end ? loaded : nothing;
      larger = v[j] > larger ? v[j] : larger;
      if (kSmoothing) accumulate(total, total_lost, at < end ? loaded - origin : 0);
    }
    if (larger > top) {
      const float shrink = weight_of(top - larger);
      sum *= shrink;
      lost *= shrink;
      top = larger;
    }
    [[unroll]] for (uint j = 0; j < kBlock; ++j)
      accumulate(sum, lost, is_nan(v[j]) ? v[j] : weight_of(v[j] - top));
  }
  const float lanes_top = lanes_max(top), shrink = weight_of(top - lanes_top);
  sum *= shrink;
  lost *= shrink;
  accumulate_lanes(sum, lost);
  if (kSmoothing) accumulate_lanes(total, total_lost);
  if (lane != 0) return;

  // Decided here, as drivers differ in exp(NaN) and log(NaN).
  const bool valid = is_finite(lanes_top) && is_finite(sum) && sum > 0;
  const float nan = not_a_number(), tail = valid ? log(sum + lost) : nan;
  float loss = nan;
  if (id < p.columns && valid) {
    precise const float below = x.at[start + id] - lanes_top;
    if (kSmoothing) {
      const float mean = (is_finite(total) ? total + total_lost : total) / p.columns + (origin - lanes_top);
      loss = tail - (1 - p.smoothing) * below - p.smoothing * mean;
    } else {
      loss = tail - below;
    }
  }
  losses.at[row] = loss;
  weights.at[2 * row] = lanes_top;
  weights.at[2 * row + 1] = tail;
}
