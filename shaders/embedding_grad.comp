// embedding_grad: dtable[id,c] = sum_k dy[order[starts[id] + k],c], k < counts[id]
// One workgroup per id; lanes stride over c, and every sum runs through the positions as they come.
// dy: (count, width); order: (count); counts, starts: (vocab); dtable: (vocab, width).
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/accumulate.glsl"
#include "embedding_grad.h"

layout(push_constant, std430) uniform Push {
  F32 dy;
  U32 counts;
  U32 starts;
  U32 order;
  F32 dtable;
  EmbeddingGradParams p;
};

const uint kBlock = 4;  // columns a lane holds at once

void main() {
  const uint id = group_index();
  if (id >= p.vocab) return;
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x;
  const uint count = counts.at[id], to = id * p.width;
  if (count == 0) {
    for (uint c = lane; c < p.width; c += lanes) dtable.at[to + c] = 0;
    return;
  }
  const uint start = starts.at[id];
  for (uint c = lane; c < p.width; c += kBlock * lanes) {
    float sum[kBlock], lost[kBlock];
    [[unroll]] for (uint j = 0; j < kBlock; ++j) sum[j] = lost[j] = 0;
    for (uint k = start; k < start + count; ++k) {
      const uint from = order.at[k] * p.width;
      [[unroll]] for (uint j = 0; j < kBlock; ++j)
        accumulate(sum[j], lost[j], dy.at[from + min(c + j * lanes, p.width - 1)]);
    }
    [[unroll]] for (uint j = 0; j < kBlock; ++j) {
      const float total = is_finite(sum[j]) ? sum[j] + lost[j] : sum[j];
      if (c + j * lanes < p.width) dtable.at[to + c + j * lanes] = total;
    }
  }
}
