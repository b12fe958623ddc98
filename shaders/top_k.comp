// top_k: picked[r,0..k) = the columns of the k largest x[r,c], rising; keys[r,0..k) = their order keys
// One workgroup per row r; lanes stride over c. x: (rows, columns); picked, keys: (rows, k).
// Finds the k-th largest key four bits at a time, counting columns; of those that tie with it the first are
// picked. NaN is the largest. top_k_sort.comp puts them in falling order.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "top_k.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 picked;
  U32 keys;
  TopKParams p;
};

uint ones(bvec4 v) { return uint(v.x) + uint(v.y) + uint(v.z) + uint(v.w); }
uint largest_below(uvec4 counts, uint limit) {
  const uvec4 v = mix(uvec4(0), counts, lessThan(counts, uvec4(limit)));
  return max(max(v.x, v.y), max(v.z, v.w));
}

// A threshold that just k keys reach, and above is 0; or the largest that at least k keys reach, and above is
// how many are larger.
uint find_threshold(uint start, out uint above) {
  uint threshold = 0;
  above = 0;
  for (uint digits = 8; digits-- > 0;) {
    const uint unit = 1u << (4 * digits);
    const uvec4 t0 = threshold + unit * uvec4(0, 1, 2, 3), t1 = t0 + 4 * unit;
    const uvec4 t2 = t0 + 8 * unit, t3 = t0 + 12 * unit;
    uvec4 n0 = uvec4(0), n1 = uvec4(0), n2 = uvec4(0), n3 = uvec4(0);  // keys that reach t0 .. t3
    for (uint c = gl_LocalInvocationID.x; c < p.columns; c += gl_WorkGroupSize.x) {
      const uvec4 key = uvec4(order_key(x.at[start + c]));
      n0 += uvec4(greaterThanEqual(key, t0));
      n1 += uvec4(greaterThanEqual(key, t1));
      n2 += uvec4(greaterThanEqual(key, t2));
      n3 += uvec4(greaterThanEqual(key, t3));
    }
    n0 = lanes_add(n0), n1 = lanes_add(n1), n2 = lanes_add(n2), n3 = lanes_add(n3);
    // Counts fall as thresholds rise: the digit is the last one that k keys reach.
    const uvec4 k = uvec4(p.k);
    const uint reached = ones(greaterThanEqual(n0, k)) + ones(greaterThanEqual(n1, k)) +
                         ones(greaterThanEqual(n2, k)) + ones(greaterThanEqual(n3, k));
    threshold += (reached - 1) * unit;
    const uvec4 exact = uvec4(equal(n0, k)) + uvec4(equal(n1, k)) + uvec4(equal(n2, k)) + uvec4(equal(n3, k));
    if (exact != uvec4(0)) {  // just k keys reach it: all of them are picked
      above = 0;
      threshold = max(threshold, 1);  // lanes past the row end have key 0
      break;
    }
    above = max(above, max(max(largest_below(n0, p.k), largest_below(n1, p.k)),
                           max(largest_below(n2, p.k), largest_below(n3, p.k))));
  }
  return threshold;
}

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint start = row * p.columns, lane = gl_LocalInvocationID.x;
  uint above;
  const uint threshold = find_threshold(start, above);

  const uint ties_wanted = p.k - above;
  uint slots = 0, ties = 0;
  for (uint first = 0; first < p.columns; first += gl_WorkGroupSize.x) {
    const uint c = first + lane;
    const uint key = c < p.columns ? order_key(x.at[start + c]) : 0;
    if (!lanes_any(key >= threshold)) continue;
    const uint tie = uint(key == threshold);
    const uint earlier_ties = ties + lanes_before(tie);
    const uint take = uint(key > threshold || (tie == 1 && earlier_ties < ties_wanted));
    const uint slot = slots + lanes_before(take);
    if (take == 1) {
      picked.at[row * p.k + slot] = c;
      keys.at[row * p.k + slot] = key;
    }
    slots += lanes_add(take);
    ties += lanes_add(tie);
  }
}
