// embedding_order: order[starts[id] + k] = the k-th position i with ids[i] = id, k < counts[id]
// One workgroup walks the positions, a lane each: linear in count, whatever the ids are. An id >= vocab is
// left out. ids, ranks, order: (count); counts, starts: (vocab). Counts come as zeros.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "embedding_grad.h"

// What one lane writes and others read.
layout(buffer_reference, std430, buffer_reference_align = 4) coherent buffer Shared { uint at[]; };

layout(push_constant, std430) uniform Push {
  U32 ids;
  Shared counts;
  Shared starts;
  Shared ranks;
  U32 order;
  EmbeddingGradParams p;
};

void lanes_meet() {
  subgroupMemoryBarrierBuffer();
  subgroupBarrier();
}

uint id_at(uint i) { return i < p.count ? ids.at[i] : p.vocab; }

void main() {
  const uint lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x;
  for (uint i = lane; i - lane < p.count; i += lanes) {  // ranks[i]: of i among the positions with its id
    const uint id = id_at(i);
    uint before = 0, behind = 0;  // lanes with the same id
    for (uint j = 0; j < lanes; ++j) {
      const bool same = lanes > 1 && subgroupShuffle(id, j) == id;
      before += uint(same && j < lane);
      behind += uint(same && j > lane);
    }
    const bool known = id < p.vocab;
    uint rank = before;
    if (known) rank += counts.at[id];
    lanes_meet();
    if (known) ranks.at[i] = rank;
    if (known && behind == 0) counts.at[id] = rank + 1;
    lanes_meet();
  }

  uint placed = 0;
  for (uint i = lane; i - lane < p.count; i += lanes) {  // ids in the order in which they come first
    const uint id = id_at(i);
    bool first = false;
    if (id < p.vocab) first = ranks.at[i] == 0;
    uint length = 0;
    if (first) length = counts.at[id];
    const uint start = placed + lanes_before(length);
    if (first) starts.at[id] = start;
    placed += lanes_add(length);
  }
  lanes_meet();

  for (uint i = lane; i < p.count; i += lanes) {
    const uint id = id_at(i);
    if (id < p.vocab) order.at[starts.at[id] + ranks.at[i]] = i;
  }
}
