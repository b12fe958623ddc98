// conv2d: y[r,c] = activation(sum_k a[r,k] image[k + c] + bias[r]), as conv2d.h counts places
// For GPUs. A workgroup computes kTileRows x kColumns of y of one group and part; its lanes form a grid of
// kRowLanes x kColumnLanes: lane (r, c) sums rows r + i kRowLanes and columns c + j kColumnLanes. Tiles of a
// and of the image, kDepth of k a step, pass through shared memory.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/activate.glsl"
#include "common/places.glsl"

layout(constant_id = 3) const uint kHasBias = 0;

layout(push_constant, std430) uniform Push {
  F32 image;
  F32 a;
  F32 bias;  // (groups * m)
  F32 y;
  Conv2dParams p;
};

const uint kDepth = 16, kColumns = 64, kColumnLanes = 16;
const uint kLaneRows = 4, kLaneColumns = kColumns / kColumnLanes;
const uint kLanes = gl_WorkGroupSize.x;  // a multiple of kColumns
const uint kRowLanes = kLanes / kColumnLanes;
const uint kTileRows = kRowLanes * kLaneRows;
const uint kRowStride = kDepth + 1;  // neighbouring rows lie in different banks

shared float a_tile[kTileRows * kRowStride];
shared float b_tile[kDepth * kColumns];

void fetch_a(uint row0, uint k0, uint k, uint first) {
  const uvec2 extent = halves(p.tap.extent);
  const uint plane = extent.x * extent.y;
  [[unroll]] for (uint t = 0; t < kTileRows * kDepth / kLanes; ++t) {
    const uint i = gl_LocalInvocationID.x + t * kLanes, row = i / kDepth, at = k0 + i % kDepth;
    const uint z = at / plane;
    float value = 0;
    if (row0 + row < p.m && at < k)
      value = a.at[first + (row0 + row) * p.a_row + z * p.a_z + (at - z * plane) * p.a_x];
    a_tile[row * kRowStride + i % kDepth] = value;
  }
}

void fetch_b(Place column, uint k0, uint k, uvec2 size) {
  [[unroll]] for (uint t = 0; t < kDepth * kColumns / kLanes; ++t) {
    const uint i = gl_LocalInvocationID.x + t * kLanes, at = k0 + i / kColumns;
    float value = 0;
    if (at < k) value = image_at(image, size, column, place_of(at, p.tap, size.x));
    b_tile[i] = value;
  }
}

void main() {
  const uint lane = gl_LocalInvocationID.x, r = lane / kColumnLanes, c = lane % kColumnLanes;
  const uint row_tiles = (p.m + kTileRows - 1) / kTileRows, tile = group_index();
  const uint row0 = tile % row_tiles * kTileRows, column0 = tile / row_tiles * kColumns;
  if (column0 >= p.n) return;
  const uint group = gl_WorkGroupID.z % p.groups, part = gl_WorkGroupID.z / p.groups;
  const uvec2 size = halves(p.size), start = signed_halves(p.start), taps = halves(p.tap.extent);
  const uint k = min(p.part, p.k - part * p.part), first_z = part * (p.part / (taps.x * taps.y));
  const uint a_first = group * p.a_group + p.a_first + first_z * p.a_z;
  Place column = place_of(min(column0 + lane % kColumns, p.n - 1), p.column, size.x);
  column.x += start.x;
  column.y += start.y;
  column.at += group * p.image_group + first_z * p.tap.z + (spaced() ? 0 : start.y * size.x + start.x);

  float sums[kLaneRows * kLaneColumns];
  [[unroll]] for (uint i = 0; i < kLaneRows * kLaneColumns; ++i) sums[i] = 0;
  [[dont_unroll]] for (uint k0 = 0; k0 < k; k0 += kDepth) {
    fetch_a(row0, k0, k, a_first);
    fetch_b(column, k0, k, size);
    barrier();
    [[dont_unroll]] for (uint d = 0; d < kDepth; ++d) {
      float right[kLaneColumns];
      [[unroll]] for (uint j = 0; j < kLaneColumns; ++j)
        right[j] = b_tile[d * kColumns + c + j * kColumnLanes];
      [[unroll]] for (uint i = 0; i < kLaneRows; ++i) {
        const float left = a_tile[(r + i * kRowLanes) * kRowStride + d];
        [[unroll]] for (uint j = 0; j < kLaneColumns; ++j) sums[i * kLaneColumns + j] += left * right[j];
      }
    }
    barrier();
  }

  const uvec2 plane = halves(p.column.extent);
  [[unroll]] for (uint j = 0; j < kLaneColumns; ++j) {
    const uint at = column0 + c + j * kColumnLanes, z = at / (plane.x * plane.y);
    const uint y_at = gl_WorkGroupID.z * p.m * p.y_row + z * p.y_z + at - z * plane.x * plane.y;
    [[unroll]] for (uint i = 0; i < kLaneRows; ++i) {
      const uint row = row0 + r + i * kRowLanes;
      if (row >= p.m || at >= p.n) continue;
      float value = sums[i * kLaneColumns + j];
      if (kHasBias != 0) value += bias.at[group * p.m + row];
      y.at[y_at + row * p.y_row] = activate(value);
    }
  }
}
