// pixels: y[colour,r,c] = value[colour, round(sum_k weight[k,r] x[first[r] + k, c])], a byte of each colour
// One lane a pixel. x: (.., columns), as pixels_rows makes it; value: (3, 256); y: (3, height, width), where
// pixels beyond x are black.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/limits.glsl"
#include "pixels.h"

layout(constant_id = 1) const uint kBlueFirst = 0;

layout(push_constant, std430) uniform Push {
  U32 x;
  U32 taps;
  F32 value;
  F32 y;
  PixelsParams p;
};

void main() {
  const uint i = group_index() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint pixels = p.width * p.height;
  if (i >= pixels) return;
  const uint row = i / p.width - p.top, column = i % p.width - p.left;  // wrap around in front of x
  ivec3 sum = ivec3(0);
  bool nan = false;
  if (row < p.rows && column < p.columns) {
    sum = ivec3(1 << (kResampleBits - 1));
    const uint first = taps.at[row];
    for (uint k = 0; k < p.taps; ++k) {
      const uint word = x.at[(first + k) * p.columns + column];
      const int weight = int(taps.at[p.rows + k * p.rows + row]);
      sum += weight * ivec3(word & 0xffu, word >> 8 & 0xffu, word >> 16 & 0xffu);
      nan = nan || (word >> 24 != 0 && weight != 0);
    }
  }
  const uvec3 bytes = uvec3(clamp(sum >> kResampleBits, 0, 255));
  y.at[i] = nan ? not_a_number() : value.at[kBlueFirst != 0 ? bytes.z : bytes.x];
  y.at[pixels + i] = nan ? not_a_number() : value.at[256 + bytes.y];
  y.at[2 * pixels + i] = nan ? not_a_number() : value.at[512 + (kBlueFirst != 0 ? bytes.x : bytes.z)];
}
