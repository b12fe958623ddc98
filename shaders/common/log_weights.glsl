// Logarithms of a row's softmax weights: log(exp(x[c]) / sum_j exp(x[j])) = (x[c] - top) - tail.
#include "accumulate.glsl"

struct LogWeights {
  float top;   // the largest entry
  float tail;  // log(sum_j exp(x[j] - top)); NaN where the row has none, see below
};

// One workgroup; lanes stride over the row's columns, and every lane gets the result. Entries of -infinity
// weigh nothing; a NaN, a +infinity or nothing but -infinity make the tail NaN.
LogWeights log_weights(F32 x, uint start, uint columns) {
  const uint lanes = gl_WorkGroupSize.x, first = start + gl_LocalInvocationID.x, end = start + columns;
  float top = kLeast;
  for (uint i = first; i < end; i += lanes) {
    const float v = x.at[i];
    top = v > top ? v : top;
  }
  top = lanes_max(top);

  float sum = 0, lost = 0;
  for (uint i = first; i < end; i += lanes) {
    const float v = x.at[i], below = v - top;
    accumulate(sum, lost, is_nan(v) ? v : below > kVanishing ? exp(below) : 0);
  }
  accumulate_lanes(sum, lost);
  // Decided here, as drivers differ in exp(NaN) and log(NaN).
  const bool valid = is_finite(top) && is_finite(sum) && sum > 0;
  return LogWeights(top, valid ? log(sum + lost) : not_a_number());
}

float log_weight(float v, LogWeights row) {
  precise const float below = v - row.top;  // first: exact where v lies near the top
  return below - row.tail;
}
