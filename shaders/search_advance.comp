// search_advance: step += 1; unfinished = the sentences that have not come to their end
// One workgroup; lanes stride over sentences. unfinished: (1), a copy for the host.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "search_advance.h"

layout(push_constant, std430) uniform Push {
  U32 control;
  U32 unfinished;
  SearchAdvanceParams p;
};

void main() {
  const uint next = control.at[kStepWord] + 1;
  uint count = 0;
  for (uint b = gl_LocalInvocationID.x; b < p.search.batch; b += gl_WorkGroupSize.x)
    count += uint(control.at[p.search.ends + b] > next);
  count = lanes_add(count);
  if (gl_LocalInvocationID.x != 0) return;
  control.at[kStepWord] = next;
  control.at[kUnfinishedWord] = count;
  unfinished.at[0] = count;
}
