// pixels_rows: y[r,c] = round(sum_k weight[k,c] x[r, first[c] + k]), of each colour
// A lane makes kPixelRows rows of column c: the columns lie along the lanes. x: texels (height, width) or, of
// halves, (height, width, 2), from p.first on; y: (rows, columns), a byte a colour in the order of x, the
// highest one 0 but for NaN.
//
// variant bytes: BYTES
// variant linear_bytes: LINEAR
// variant halves: HALVES
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/texels.h"
#include "pixels.h"

layout(push_constant, std430) uniform Push {
  U32 x;
  U32 taps;
  U32 encoded;  // bytes, four a word, of what x holds: halves, or linear bytes
  U32 y;
  PixelsRowsParams p;
};

const uint kNan = 0xff000000u;  // of y

uint encoded_byte(uint i) { return encoded.at[i >> 2] >> 8 * (i & 3) & 0xffu; }

// Three bytes of colour, and kNan where one is no number.
#if defined HALVES
uint byte_of_half(uint bits) {
  return (bits & kHalfSign) != 0 ? 0 : encoded_byte(min(bits, kHalfOne));
}

bool is_half_nan(uint bits) { return (bits & ~kHalfSign) > kHalfInfinity; }

uint texel_at(uint i) {
  const uint low = x.at[2 * i], r = low & 0xffffu, g = low >> 16, b = x.at[2 * i + 1] & 0xffffu;
  const bool nan = is_half_nan(r) || is_half_nan(g) || is_half_nan(b);
  return byte_of_half(r) | byte_of_half(g) << 8 | byte_of_half(b) << 16 | (nan ? kNan : 0);
}
#elif defined LINEAR
uint texel_at(uint i) {
  const uint word = x.at[i];
  return encoded_byte(word & 0xffu) | encoded_byte(word >> 8 & 0xffu) << 8 |
         encoded_byte(word >> 16 & 0xffu) << 16;
}
#else
uint texel_at(uint i) { return x.at[i] & 0xffffffu; }
#endif

ivec3 colours_of(uint word) { return ivec3(word & 0xffu, word >> 8 & 0xffu, word >> 16 & 0xffu); }

uint packed(ivec3 sum) {
  const uvec3 bytes = uvec3(clamp(sum >> kResampleBits, 0, 255));
  return bytes.x | bytes.y << 8 | bytes.z << 16;
}

void main() {
  const uint across = (p.columns + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
  const uint group = group_index(), strip = group / across;
  const uint column = (group - strip * across) * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint row = strip * kPixelRows;
  if (column >= p.columns || row >= p.rows) return;
  const uint first = taps.at[column], weights = p.columns + column;
  uint at[kPixelRows];
  ivec3 sum[kPixelRows];
  uint nan[kPixelRows];
  [[unroll]] for (uint r = 0; r < kPixelRows; ++r) {
    at[r] = p.first + min(row + r, p.rows - 1) * p.width + first;
    sum[r] = ivec3(1 << (kResampleBits - 1));
    nan[r] = 0;
  }
  for (uint k = 0; k < p.taps; ++k) {
    const int weight = int(taps.at[weights + k * p.columns]);
    [[unroll]] for (uint r = 0; r < kPixelRows; ++r) {
      const uint word = texel_at(at[r] + k);
#ifdef HALVES
      nan[r] |= weight != 0 ? word & kNan : 0;
#endif
      sum[r] += weight * colours_of(word);
    }
  }
  [[unroll]] for (uint r = 0; r < kPixelRows; ++r)
    if (row + r < p.rows) y.at[(row + r) * p.columns + column] = packed(sum[r]) | nan[r];
}
