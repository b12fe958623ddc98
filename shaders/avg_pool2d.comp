// avg_pool2d: y[q,i,j] = sum of x[q,..] over window (i, j) / count; backward dx[q,i,j] = sum of dy / count
// A workgroup a band of rows of a plane q; lanes stride over j. count: pixels of the window, or all of the
// kernel's. kGradient: from is dy and to is dx, over the windows that see the pixel. from, to: pool2d.h.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/windows.glsl"

layout(constant_id = 1) const bool kGradient = false;
layout(constant_id = 2) const bool kCountsPadding = true;

layout(push_constant, std430) uniform Push {
  F32 from;
  F32 to;
  Pool2dParams p;
};

// Along one axis: what element i of the result sums up.
uvec2 down_of(uint i) {
  return kGradient ? windows_of(i, p.kernel_y, p.stride_y, p.padding_y, p.to_y)
                   : pixels_of(i, p.kernel_y, p.stride_y, p.padding_y, p.from_y);
}
uvec2 across_of(uint i) {
  return kGradient ? windows_of(i, p.kernel_x, p.stride_x, p.padding_x, p.to_x)
                   : pixels_of(i, p.kernel_x, p.stride_x, p.padding_x, p.from_x);
}

float share_of(uint row, uint column) {
  if (kCountsPadding) return 1 / float(p.kernel_x * p.kernel_y);
  const uvec2 down = pixels_of(row, p.kernel_y, p.stride_y, p.padding_y, p.from_y);
  const uvec2 across = pixels_of(column, p.kernel_x, p.stride_x, p.padding_x, p.from_x);
  return 1 / float((down.y - down.x) * (across.y - across.x));
}

void main() {
  const uvec2 read = kGradient ? uvec2(p.to_x, p.to_y) : uvec2(p.from_x, p.from_y);
  const uvec2 made = kGradient ? uvec2(p.from_x, p.from_y) : uvec2(p.to_x, p.to_y);
  const uvec3 band = band_of(made.y, p.band);
  if (band.x >= p.planes) return;
  for (uint row = band.y; row < band.z; ++row) {
    const uvec2 down = down_of(row);
    for (uint column = gl_LocalInvocationID.x; column < made.x; column += gl_WorkGroupSize.x) {
      const uvec2 across = across_of(column);
      float sum = 0;
      for (uint i = down.x; i < down.y; ++i)
        for (uint j = across.x; j < across.y; ++j) {
          const float v = from.at[(band.x * read.y + i) * read.x + j];
          sum += kGradient ? v * share_of(i, j) : v;
        }
      to.at[(band.x * made.y + row) * made.x + column] = kGradient ? sum : sum * share_of(row, column);
    }
  }
}
