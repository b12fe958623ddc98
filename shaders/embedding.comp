// embedding: y[i,c] = table[ids[i],c]; a row of NaN where ids[i] >= vocab
// One workgroup per row i; lanes stride over c. table: (vocab, width); ids: (count); y: (count, width).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/limits.glsl"
#include "embedding.h"

// Rows move as words, bit for bit.
layout(push_constant, std430) uniform Push {
  U32 table;
  U32 ids;
  U32 y;
  EmbeddingParams p;
};

void main() {
  const uint row = group_index();
  if (row >= p.count) return;
  const uint id = ids.at[row];
  const bool known = id < p.vocab;
  const uint from = known ? id * p.width : 0;
  const uint to = row * p.width;
  for (uint c = gl_LocalInvocationID.x; c < p.width; c += gl_WorkGroupSize.x)
    y.at[to + c] = known ? table.at[from + c] : kNanBits;
}
