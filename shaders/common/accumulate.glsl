// Compensated sums (Neumaier 1974): the error does not grow with the number of terms.
#extension GL_KHR_shader_subgroup_shuffle : require

// lost: what rounding took from sum.
void accumulate(inout float sum, inout float lost, float v) {
  precise float next = sum + v;
  precise float from_larger = (sum - next) + v, from_smaller = (v - next) + sum;
  lost += abs(sum) >= abs(v) ? from_larger : from_smaller;
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
