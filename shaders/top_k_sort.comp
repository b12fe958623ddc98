// top_k_sort: place = #{j: keys[r,j] > keys[r,i] or (keys[r,j] == keys[r,i] and j < i)};
//             indices[r,place] = picked[r,i], values[r,place] = x[r,picked[r,i]]
// One lane per (r, i). x: (rows, columns); picked, keys, values, indices: (rows, k).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "top_k.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 picked;
  U32 keys;
  F32 values;
  U32 indices;
  TopKParams p;
};

void main() {
  const uint at = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (at >= p.rows * p.k) return;
  const uint row = at / p.k, start = row * p.k, own = keys.at[at];
  uint place = 0;
  for (uint j = start; j < start + p.k; ++j) {
    const uint other = keys.at[j];
    place += uint(other > own || (other == own && j < at));
  }
  const uint c = picked.at[at];
  indices.at[start + place] = c;
  values.at[start + place] = x.at[row * p.columns + c];
}
