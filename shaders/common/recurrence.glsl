// What the kernels of recurrent cells share. A workgroup is one subgroup and takes ROWS rows of the batch;
// its lanes lie along the units, a block of them at a time. Rows need nothing of each other: a workgroup may
// take all blocks and all steps of its rows (CPU drivers, where a dispatch costs more than a step of a narrow
// cell), or one block of one step (GPUs, which the rows of a batch alone would leave idle).
#extension GL_EXT_buffer_reference_uvec2 : require
#include "elementary.glsl"
#include "panels.h"
#include "recurrence.h"
#include "reduce.glsl"
#include "search.glsl"
#include "sigmoid.glsl"

#ifdef LANES
const uint kLanes = LANES;
#else
#define kLanes gl_WorkGroupSize.x
#endif

layout(constant_id = 1) const bool kHasLengths = false;
layout(constant_id = 2) const bool kHasStart = false;

// Where a column of a matrix of `depth` rows begins in its panels; its next element is kPanelColumns behind.
uint panel_column(uint column, uint depth) {
  return column / kPanelColumns * kPanelColumns * padded_depth(depth) + column % kPanelColumns;
}

// sum[r * PRODUCTS + n] += sum_k left.at[row_at[r] + k] right(k, n); column n of right begins at column_at[n]
void multiply(F32 left, uint row_at[ROWS], F32 right, uint column_at[PRODUCTS], uint depth,
              inout float sum[ROWS * PRODUCTS]) {
  const uint lane = gl_LocalInvocationID.x;
  for (uint k0 = 0; k0 < depth; k0 += kLanes) {
    float own[ROWS];
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
      const float value = left.at[row_at[r] + min(k0 + lane, depth - 1)];
      own[r] = k0 + lane < depth ? value : 0;
    }
#ifdef LANES
    [[unroll]] for (uint i = 0; i < LANES; ++i) {  // panels go on with zeros
#else
    for (uint i = 0; i < min(kLanes, depth - k0); ++i) {
#endif
      float factors[PRODUCTS];
      [[unroll]] for (uint n = 0; n < PRODUCTS; ++n)
        factors[n] = right.at[column_at[n] + (k0 + i) * kPanelColumns];
      [[unroll]] for (uint r = 0; r < ROWS; ++r) {
        const float value = gl_WorkGroupSize.x > 1 ? subgroupBroadcast(own[r], i) : own[r];
        [[unroll]] for (uint n = 0; n < PRODUCTS; ++n) sum[r * PRODUCTS + n] += value * factors[n];
      }
    }
  }
}
