// search_advance: step += 1; unfinished = the sentences not at their end; their places and tokens anew
// One workgroup; lanes stride over sentences, then over rows. unfinished: (1), a copy for the host.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "search_advance.h"
#include "common/order.glsl"

layout(push_constant, std430) uniform Push {
  U32 control;
  U32 history;
  U32 unfinished;
  SearchAdvanceParams p;
};

// How many go on after this step. The unfinished sentences take the first places in their order, those that
// are done the places behind, so that none has two.
uint new_places(SearchParams s, uint next) {
  const uint lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x;
  uint count = 0;
  for (uint b = lane; b < s.batch; b += lanes) count += uint(control.at[s.ends + b] > next);
  count = lanes_add(count);
  if (s.order == 0) return count;
  uint before = 0;  // unfinished sentences in front of this round's
  for (uint round = 0; round < s.batch; round += lanes) {
    const uint b = round + lane;
    const uint goes_on = b < s.batch ? uint(control.at[s.ends + b] > next) : 0;
    const uint earlier = before + lanes_before(goes_on);
    if (b < s.batch) control.at[s.order + (goes_on == 1 ? earlier : count + b - earlier)] = b;
    before += lanes_add(goes_on);
  }
  settle();
  return count;
}

void main() {
  const SearchParams s = p.search;
  const uint step = control.at[kStepWord], lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x;
  const uint count = new_places(s, step + 1);
  const uint parity = s.beams > 1 ? 1 - parity_of(s, step) : 0;
  for (uint i = lane; i < s.batch * s.beams; i += lanes) {
    const uint row = row_at(control, s, i);
    const uint end = control.at[s.ends + row / s.beams];
    if (step + 1 < end || (step < end && s.beams == 1))
      control.at[s.tokens + i] = history.at[history_at(s, parity, kTokens, row) + step];
    else if (s.order != 0)
      control.at[s.tokens + i] = s.eos;  // of a sentence that is done: any token
  }
  settle();
  if (lane != 0) return;
  control.at[kStepWord] = step + 1;
  control.at[kUnfinishedWord] = count;
  unfinished.at[0] = count;
}
