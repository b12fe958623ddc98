// Compensated sums (Neumaier 1974): the error does not grow with the number of terms.
#extension GL_KHR_shader_subgroup_shuffle : require
#include "reduce.glsl"

// lost: what rounding took from sum.
void accumulate(inout float sum, inout float lost, float v) {
  precise float next = sum + v;
  precise float from_larger = (sum - next) + v, from_smaller = (v - next) + sum;
  lost += abs(sum) >= abs(v) ? from_larger : from_smaller;
  sum = next;
}

// As above for each component, without comparisons (Knuth, The Art of Computer Programming 4.2.2, theorem B).
void accumulate(inout vec4 sum, inout vec4 lost, vec4 v) {
  precise vec4 next = sum + v;
  precise vec4 added = next - sum;
  precise vec4 error = (sum - (next - added)) + (v - added);
  lost += error;
  sum = next;
}

// Over the lanes of a workgroup; every lane gets the result.
void accumulate_lanes(inout float sum, inout float lost) {
  for (uint distance = 1; distance < gl_WorkGroupSize.x; distance *= 2) {
    const float other = subgroupShuffleXor(sum, distance), other_lost = subgroupShuffleXor(lost, distance);
    accumulate(sum, lost, other);
    lost += other_lost;
  }
}

// What sum and lost make together; infinities and NaN are in sum.
float accumulated(float sum, float lost) { return is_finite(sum) ? sum + lost : sum; }
vec4 accumulated(vec4 sum, vec4 lost) {
  return vec4(accumulated(sum.x, lost.x), accumulated(sum.y, lost.y), accumulated(sum.z, lost.z),
              accumulated(sum.w, lost.w));
}
