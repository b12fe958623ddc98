// conv2d: y[r,c] = activation(sum_k a[r,k] image[k + c] + bias[r]), as conv2d.h counts places
// One subgroup a workgroup: a tile of ROWS x COLUMNS * LANES of y; lanes lie along the columns of the tile.
// For CPU drivers, as matmul_register.comp. The image is read where it lies: patches are never stored.
// RATE is the fraction of the device's multiply-add peak that a tile reaches on large images.
// class cpu
// variant 4_16: LANES=4 ROWS=16 COLUMNS=8 UNROLL=4 BLOCK_ROWS=1 BLOCK_COLUMNS=1 RATE=0.28
// variant 4_4: LANES=4 ROWS=4 COLUMNS=8 UNROLL=4 BLOCK_ROWS=1 BLOCK_COLUMNS=1 RATE=0.06
// variant 8_32: LANES=8 ROWS=32 COLUMNS=8 UNROLL=1 BLOCK_ROWS=2 BLOCK_COLUMNS=2 RATE=0.30
// variant 8_16: LANES=8 ROWS=16 COLUMNS=8 UNROLL=1 BLOCK_ROWS=2 BLOCK_COLUMNS=2 RATE=0.23
// variant 8_4: LANES=8 ROWS=4 COLUMNS=8 UNROLL=1 BLOCK_ROWS=2 BLOCK_COLUMNS=2 RATE=0.06
// variant 16_16: LANES=16 ROWS=16 COLUMNS=4 UNROLL=1 BLOCK_ROWS=4 BLOCK_COLUMNS=4 RATE=0.18
// variant 16_4: LANES=16 ROWS=4 COLUMNS=4 UNROLL=1 BLOCK_ROWS=4 BLOCK_COLUMNS=4 RATE=0.05
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/activate.glsl"
#include "common/panels.h"
#include "common/places.glsl"

#if LANES == 4
#include "common/tile_quad.glsl"
#else
#include "common/tile_broadcast.glsl"
#endif

layout(constant_id = 3) const uint kHasBias = 0;

layout(push_constant, std430) uniform Push {
  F32 image;
  F32 a;
  F32 bias;  // (groups * m)
  F32 y;
  Conv2dParams p;
};

// A walk through k in its order.
struct Walk {
  Place place;
  uint a;  // elements of a
};
struct Jumps {  // at the end of a row, of a plane
  uvec2 step, end;
  uint row, plane, a_x, a_plane;
};

Jumps jumps_of(uint width) {
  const uvec2 extent = halves(p.tap.extent);
  Jumps jumps;
  jumps.step = halves(p.tap.step);
  jumps.end = extent * jumps.step;
  jumps.row = jumps.step.y * width - jumps.end.x;
  jumps.plane = p.tap.z - jumps.end.y * width;
  jumps.a_x = p.a_x;
  jumps.a_plane = p.a_z - p.a_x * extent.x * extent.y;
  return jumps;
}

void next(inout Walk walk, Jumps jumps) {
  walk.a += jumps.a_x;
  walk.place.x += jumps.step.x;
  const bool row = walk.place.x == jumps.end.x;
  walk.place.x = row ? 0 : walk.place.x;
  walk.place.y += row ? jumps.step.y : 0;
  const bool plane = walk.place.y == jumps.end.y;
  walk.place.y = plane ? 0 : walk.place.y;
  walk.a += plane ? jumps.a_plane : 0;
  if (spaced()) {
    walk.place.at += plane ? p.tap.z : 0;
  } else {
    walk.place.at += jumps.step.x + (row ? jumps.row : 0) + (plane ? jumps.plane : 0);
  }
}

void main() {
  // Push constants are read once: on lavapipe each use costs a bounds check.
  const uint m = p.m, n = p.n, lane = gl_LocalInvocationID.x;
  // Neighbouring workgroups share the columns in cache.
  const uint row_tiles = (m + ROWS - 1) / ROWS, tile = group_index();
  const uint row0 = tile % row_tiles * ROWS, column0 = tile / row_tiles * COLUMNS * LANES;
  if (column0 >= n) return;
  const uint group = gl_WorkGroupID.z % p.groups, part = gl_WorkGroupID.z / p.groups;
  const uvec2 size = halves(p.size), start = signed_halves(p.start), extent = halves(p.tap.extent);
  const uint k = min(p.part, p.k - part * p.part), first_z = part * (p.part / (extent.x * extent.y));
  const uint a_first = group * p.a_group + p.a_first + first_z * p.a_z;
  F32 a_base = a, image_base = image;

  Place columns[COLUMNS];  // those beyond the last one repeat it; they are never stored
  [[unroll]] for (uint c = 0; c < COLUMNS; ++c) {
    columns[c] = place_of(min(column0 + c * LANES + lane, n - 1), p.column, size.x);
    columns[c].x += start.x;
    columns[c].y += start.y;
    columns[c].at += group * p.image_group + first_z * p.tap.z + (spaced() ? 0 : start.y * size.x + start.x);
  }
  uint a_at[kLoads];
  [[unroll]] for (uint i = 0; i < kLoads; ++i)
    a_at[i] = a_first + min(row0 + loaded_row(i, lane), m - 1) * p.a_row;

  const Jumps jumps = jumps_of(size.x);
  Walk walk;
  walk.place.x = walk.place.y = walk.place.at = walk.a = 0;
  float sum[ROWS * COLUMNS];
  [[unroll]] for (uint i = 0; i < ROWS * COLUMNS; ++i) sum[i] = 0;

  for (uint k0 = 0; k0 < k; k0 += kStep) {
    Place taps[kStep];
    float left[ROWS * kStep];  // left[r * kStep + i] = a[row r][k0 + i], zero beyond k
    [[unroll]] for (uint j = 0; j < kStep / kLoadStep; ++j) {
      uint own = 0;  // where what this lane loads of a row lies
      [[unroll]] for (uint i = 0; i < kLoadStep; ++i) {
        const bool inside = k0 + j * kLoadStep + i < k;
        own = inside && loaded_step(lane) == i ? walk.a : own;
        taps[j * kLoadStep + i] = walk.place;
        taps[j * kLoadStep + i].y = inside ? walk.place.y : kOutside;
        next(walk, jumps);
      }
      [[unroll]] for (uint i = 0; i < kLoads; ++i) {
        const float value = a_base.at[a_at[i] + own];
        const float inside = k0 + j * kLoadStep + loaded_step(lane) < k ? value : 0;
        [[unroll]] for (uint s = 0; s < kSpread; ++s) left[left_index(i, j, s)] = spread(inside, s);
      }
    }
    // Small blocks, k innermost: their sums stay in registers for kStep multiply-adds instead of one.
    [[unroll]] for (uint c0 = 0; c0 < COLUMNS; c0 += BLOCK_COLUMNS) {
      float right[kStep * BLOCK_COLUMNS];
      [[unroll]] for (uint i = 0; i < kStep; ++i)
        [[unroll]] for (uint c = 0; c < BLOCK_COLUMNS; ++c)
          right[i * BLOCK_COLUMNS + c] = image_at(image_base, size, columns[c0 + c], taps[i]);
      [[unroll]] for (uint r0 = 0; r0 < ROWS; r0 += BLOCK_ROWS)
        [[unroll]] for (uint i = 0; i < kStep; ++i)
          [[unroll]] for (uint r = 0; r < BLOCK_ROWS; ++r)
            [[unroll]] for (uint c = 0; c < BLOCK_COLUMNS; ++c)
              sum[(r0 + r) * COLUMNS + c0 + c] += left[(r0 + r) * kStep + i] * right[i * BLOCK_COLUMNS + c];
    }
  }

  // Rolled loops over the tile, as in matmul_register.comp.
  float stage[ROWS * COLUMNS];
  [[unroll]] for (uint i = 0; i < ROWS * COLUMNS; ++i) stage[i] = sum[i];
  const uvec2 plane = halves(p.column.extent);
  [[dont_unroll]] for (uint c = 0; c < COLUMNS; ++c) {
    const uint column = column0 + c * LANES + lane, z = column / (plane.x * plane.y);
    const uint y_at = gl_WorkGroupID.z * m * p.y_row + z * p.y_z + column - z * plane.x * plane.y;
    [[dont_unroll]] for (uint r = 0; r < ROWS; ++r) {
      const uint row = row0 + row_of(r, lane);
      if (row < m && column < n) {
        float value = stage[r * COLUMNS + c];
        if (kHasBias != 0) value += bias.at[group * m + row];
        y.at[y_at + row * p.y_row] = activate(value);
      }
    }
  }
}
