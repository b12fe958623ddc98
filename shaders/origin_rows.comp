// origin_rows: y[r,c] = x[o,c], o the row in which r's hypothesis was one step ago; r at the first step
// One workgroup per row r; lanes stride over c. x, y: (batch * beams, columns).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "origin_rows.h"
#include "search.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 control;
  U32 history;
  F32 y;
  OriginRowsParams p;
};

void main() {
  const uint row = group_index(), step = control.at[kStepWord];
  if (row >= p.batch * p.beams) return;
  const SearchParams search = search_of(p.batch, p.beams, p.steps);
  uint from = row;
  if (step > 0 && step <= p.steps)
    from = history.at[history_at(search, parity_of(search, step), kOrigins, row) + step - 1];
  for (uint c = gl_LocalInvocationID.x; c < p.columns; c += gl_WorkGroupSize.x)
    y.at[row * p.columns + c] = x.at[from * p.columns + c];
}
