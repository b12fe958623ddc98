// search_advance: step += 1; unfinished = the sentences that are not done
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
  uint count = 0;
  for (uint b = gl_LocalInvocationID.x; b < p.search.batch; b += gl_WorkGroupSize.x)
    count += uint(control.at[p.search.done + b] == 0);
  count = lanes_add(count);
  if (gl_LocalInvocationID.x != 0) return;
  control.at[kStepWord] += 1;
  control.at[kUnfinishedWord] = count;
  unfinished.at[0] = count;
}
