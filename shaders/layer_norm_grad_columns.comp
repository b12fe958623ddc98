// layer_norm_grad_columns: parts[p,0,c] = sum_r dy[r,c] n[r,c], parts[p,1,c] = sum_r dy[r,c], r in part p
// A lane per ELEM of c and part. n: see layer_norm_grad, which leaves (origin of x, of residual, mean from
// there, factor) of each row in moments. x, residual, dy: (rows, columns); moments: (rows, 4);
// parts: (ceil(rows / part_rows), 2, columns). Quads as in layer_norm_quads.
// training
// variant one: ELEM=float ELEM_SIZE=1 BUFFER=F32
// variant quads: ELEM=vec4 ELEM_SIZE=4 BUFFER=F32x4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "layer_norm_grad.h"

layout(constant_id = 1) const bool kHasResidual = false;

layout(push_constant, std430) uniform Push {
  BUFFER x;
  BUFFER residual;
  BUFFER dy;
  F32x4 moments;
  BUFFER parts;
  LayerNormGradParams p;
};

void main() {
  const uint lanes = gl_WorkGroupSize.x, width = p.columns / ELEM_SIZE;
  const uint blocks = (width + lanes - 1) / lanes, part = group_index() / blocks;
  const uint first = part * p.part_rows, end = min(first + p.part_rows, p.rows);
  const uint c = group_index() % blocks * lanes + gl_LocalInvocationID.x;
  if (first >= end || c >= width) return;
  ELEM dweight = ELEM(0), dbias = ELEM(0);
  uint i = first * width + c;
  for (uint row = first; row < end; ++row, i += width) {
    const vec4 m = moments.at[row];
    const ELEM gradient = dy.at[i];
    precise ELEM d = x.at[i] - m.x;
    if (kHasResidual) d += residual.at[i] - m.y;
    d -= m.z;
    dweight += gradient * (d * m.w);
    dbias += gradient;
  }
  parts.at[2 * part * width + c] = dweight;
  parts.at[(2 * part + 1) * width + c] = dbias;
}
