// max_pool2d: y[q,i,j] = max of x[q] over window (i, j), NaN wins; at[q,i,j]: its place, the first of equals
// A workgroup a band of rows of a plane q; lanes stride over j. x, y: pool2d.h; at: as y, pixels of a plane.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/limits.glsl"
#include "common/windows.glsl"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 y;
  U32 at;
  Pool2dParams p;
};

void main() {
  const uvec3 band = band_of(p.to_y, p.band);
  if (band.x >= p.planes) return;
  const uint from = band.x * p.from_y * p.from_x, to = band.x * p.to_y * p.to_x;
  for (uint row = band.y; row < band.z; ++row) {
    const uvec2 down = pixels_of(row, p.kernel_y, p.stride_y, p.padding_y, p.from_y);
    for (uint column = gl_LocalInvocationID.x; column < p.to_x; column += gl_WorkGroupSize.x) {
      const uvec2 across = pixels_of(column, p.kernel_x, p.stride_x, p.padding_x, p.from_x);
      uint place = down.x * p.from_x + across.x;
      float largest = x.at[from + place];
      for (uint i = down.x; i < down.y; ++i)
        for (uint j = across.x; j < across.y; ++j) {
          const float v = x.at[from + i * p.from_x + j];
          const bool larger = !is_nan(largest) && (is_nan(v) || v > largest);
          place = larger ? i * p.from_x + j : place;
          largest = larger ? v : largest;
        }
      y.at[to + row * p.to_x + column] = largest;
      at.at[to + row * p.to_x + column] = place;
    }
  }
}
