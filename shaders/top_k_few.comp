// top_k_few: values[r,i], indices[r,i] = the i-th largest x[r,c] and its column, equal ones by their columns
// One workgroup per row r; a lane has every lanes-th column in kRuns runs, and keeps the best left of each.
// x: (rows, columns); values, indices: (rows, k). NaN is the largest. After the one pass over the row each of
// the k results costs the winner's run again: for few of them that is less than top_k's passes.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "top_k.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 values;
  U32 indices;
  TopKParams p;
};

const uint kRuns = 8;
const uint kNowhere = 0xffffffffu;

// Of a run, or of several: key 0 where nothing is left.
struct Best {
  uint key, column;
};

// The best of a run of the lane from `first` on in the order of (key falling, column rising).
Best best_of_run(uint start, uint run, Best first) {
  const uint lanes = gl_WorkGroupSize.x, rounds = (p.columns + lanes - 1) / lanes;
  const uint length = (rounds + kRuns - 1) / kRuns;
  Best best = Best(0, kNowhere);
  for (uint i = run * length; i < min((run + 1) * length, rounds); ++i) {
    const uint c = i * lanes + gl_LocalInvocationID.x;
    const uint key = c < p.columns ? order_key(x.at[start + c]) : 0;
    if (key > best.key && (key < first.key || (key == first.key && c >= first.column))) best = Best(key, c);
  }
  return best;
}

void main() {
  const uint row = group_index();
  if (row >= p.rows) return;
  const uint start = row * p.columns;
  Best runs[kRuns];
  [[unroll]] for (uint run = 0; run < kRuns; ++run)
    runs[run] = best_of_run(start, run, Best(0xffffffffu, 0));
  for (uint i = 0; i < p.k; ++i) {
    Best best = runs[0];
    uint from = 0;
    [[unroll]] for (uint run = 1; run < kRuns; ++run)
      if (runs[run].key > best.key) {  // later runs have later columns
        best = runs[run];
        from = run;
      }
    const uint largest = lanes_max(best.key);
    const uint column = lanes_min(best.key == largest ? best.column : kNowhere);
    if (gl_LocalInvocationID.x == 0) {
      values.at[row * p.k + i] = x.at[start + column];
      indices.at[row * p.k + i] = column;
    }
    if (best.column == column) {
      const Best next = best_of_run(start, from, Best(best.key, best.column + 1));
      [[unroll]] for (uint run = 0; run < kRuns; ++run)
        if (run == from) runs[run] = next;
    }
  }
}
