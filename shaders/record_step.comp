// record_step: record[r,step,c] = x[r,c]; nothing once step reaches steps
// One workgroup per row r; lanes stride over c. x: (rows, columns); record: (rows, steps, columns).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "record_step.h"
#include "search.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 control;
  F32 record;
  RecordStepParams p;
};

void main() {
  const uint row = group_index(), step = control.at[kStepWord];
  if (row >= p.rows || step >= p.steps) return;
  for (uint c = gl_LocalInvocationID.x; c < p.columns; c += gl_WorkGroupSize.x)
    record.at[(row * p.steps + step) * p.columns + c] = x.at[row * p.columns + c];
}
