// max_pool2d_grad: dx[q,i,j] = sum of dy[q,w] over the windows w whose largest pixel is (i, j)
// A workgroup a band of rows of a plane q; lanes stride over j. dx, dy: pool2d.h; at: as of max_pool2d.
// training
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/windows.glsl"

layout(push_constant, std430) uniform Push {
  F32 dy;
  U32 at;
  F32 dx;
  Pool2dParams p;
};

void main() {
  const uvec3 band = band_of(p.from_y, p.band);
  if (band.x >= p.planes) return;
  const uint from = band.x * p.from_y * p.from_x, to = band.x * p.to_y * p.to_x;
  for (uint row = band.y; row < band.z; ++row) {
    const uvec2 down = windows_of(row, p.kernel_y, p.stride_y, p.padding_y, p.to_y);
    for (uint column = gl_LocalInvocationID.x; column < p.from_x; column += gl_WorkGroupSize.x) {
      const uvec2 across = windows_of(column, p.kernel_x, p.stride_x, p.padding_x, p.to_x);
      const uint place = row * p.from_x + column;
      float sum = 0;
      for (uint i = down.x; i < down.y; ++i)
        for (uint j = across.x; j < across.y; ++j) {
          const uint window = to + i * p.to_x + j;
          if (at.at[window] == place) sum += dy.at[window];
        }
      dx.at[from + place] = sum;
    }
  }
}
