// map_texels: y[r,c] = colour and alpha of sum_j weight[c,j] x[r, cell[c,j]], j < 4
// A workgroup makes texels of row r, its width apart. x: (height, columns), as map_texels_rows makes it; y:
// texels (height, width) or, of halves, (height, width, 2); colours: words, their bytes in the order of y's.
//
// variant bytes: BYTES
// variant linear_bytes: LINEAR
// variant halves: HALVES
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/limits.glsl"
#include "common/texels.h"
#include "map_texels.h"

layout(push_constant, std430) uniform Push {
  F32 x;
  U32 across;
  U32 colours;
  U32 stored;  // what a texel holds for each byte: halves, or linear bytes
  U32 y;
  MapTexelsParams p;
};

// The bytes of a colour, as a figure has them.
uvec3 colour_of(float light) {
  const float place = light * float(p.colours - 1);
  const uint first = min(uint(place), p.colours - 2);
  const vec3 low = unpackUnorm4x8(colours.at[first]).xyz, high = unpackUnorm4x8(colours.at[first + 1]).xyz;
  return uvec3(mix(low, high, place - float(first)) * 255 + 0.5);
}

float light_at(uint row, uint column) {
  float light = 0;
  [[unroll]] for (uint j = 0; j < 4; ++j) {
    const float weight = uintBitsToFloat(across.at[(4 + j) * p.width + column]);
    light += weight * x.at[row * p.columns + across.at[j * p.width + column]];
  }
  return light;
}

uvec3 stored_colour(uvec3 bytes) {
  return uvec3(stored.at[bytes.x], stored.at[bytes.y], stored.at[bytes.z]);
}

#ifdef HALVES
void write(uint at, uvec3 bytes, float alpha, bool nan) {
  const uint kNan = kHalfNan | kHalfNan << 16;
  const uvec3 colour = stored_colour(bytes);
  y.at[2 * at] = nan ? kNan : colour.x | colour.y << 16;
  y.at[2 * at + 1] = nan ? kNan : colour.z | packHalf2x16(vec2(alpha, 0)) << 16;
}
#else
void write(uint at, uvec3 bytes, float alpha, bool nan) {
#ifdef LINEAR
  bytes = stored_colour(bytes);
#endif
  y.at[at] = nan ? 0 : bytes.x | bytes.y << 8 | bytes.z << 16 | uint(alpha * 255 + 0.5) << 24;
}
#endif

void main() {
  const uint a_group = gl_WorkGroupSize.x * kMapSteps;
  const uint groups = (p.width + a_group - 1) / a_group;
  const uint group = group_index(), row = group / groups;
  if (row >= p.height) return;
  const uint first = (group - row * groups) * a_group + gl_LocalInvocationID.x;
  for (uint step = 0; step < kMapSteps; ++step) {
    const uint column = first + step * gl_WorkGroupSize.x;
    if (column >= p.width) return;
    const float light = light_at(row, column);
    const bool nan = is_nan(light);
    const float inside = nan ? 0 : clamp(light, 0, 1);
    write(row * p.width + column, colour_of(inside), mix(p.alpha_dark, p.alpha_light, inside), nan);
  }
}
