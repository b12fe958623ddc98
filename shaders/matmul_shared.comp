// matmul: y = activation(a b + bias) + residual
// For GPUs. Workgroup (x, y, z) computes kTileRows rows from x kTileRows of panel y of matrix z.
// Its lanes form a grid of kRowLanes x kColumnLanes; lane (r, c) sums rows r + i kRowLanes and columns
// 4 (c + j kColumnLanes) + 0..3. Tiles of a and b, kDepth of k a step, pass through two halves of shared
// memory: one is filled while the other is read.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference_uvec2 : require
#include "common/buffer.glsl"
#include "common/epilogue.glsl"
#include "common/panels.h"
#include "matmul.h"

layout(constant_id = 1) const uint kLaneRows = 4;
layout(constant_id = 2) const uint kLaneColumns = 4;  // 4 or 8

layout(push_constant, std430) uniform Push {
  F32 a;         // (batch, m, k), strided
  F32x4 b;       // (batch | 1, panels), see panels.h
  F32 bias;      // (n)
  F32 residual;  // (batch, m, n)
  F32 y;         // (batch, m, n)
  MatmulParams p;
};

// A quad is 4 neighbours as a vec4.
const uint kDepth = kPanelDepth, kDepthQuads = kDepth / 4;
const uint kPanelQuads = kPanelColumns / 4;
const uint kQuads = kLaneColumns / 4;  // of columns, of a lane
const uint kLanes = gl_WorkGroupSize.x;
const uint kColumnLanes = kPanelQuads / kQuads;
const uint kRowLanes = kLanes / kColumnLanes;
const uint kTileRows = kRowLanes * kLaneRows;
const uint kRowStride = kDepthQuads + 1;  // the spare quad puts neighbouring rows into different banks
const uint kHalfA = kTileRows * kRowStride;
const uint kHalfB = kDepth * kPanelQuads;
const uint kFetchA = (kTileRows * kDepthQuads + kLanes - 1) / kLanes;  // quads a lane carries
const uint kFetchB = (kHalfB + kLanes - 1) / kLanes;

shared vec4 a_tile[2 * kHalfA];  // rows of kDepth of k
shared vec4 b_tile[2 * kHalfB];  // kDepth rows of a panel

vec4 a_next[kFetchA];
vec4 b_next[kFetchB];
vec4 sums[kLaneRows * kQuads];

bool on_quad(F32 address) { return (uvec2(address).x & 15u) == 0; }

// Of a's tile, quad number i: its row, and where in a step of k it starts. Neighbouring lanes take neighbours
// in memory.
uvec2 place_in_a(uint i) {
  if (p.a_column == 1) return uvec2(i / kDepthQuads, i % kDepthQuads * 4);
  return uvec2(i % kTileRows, i / kTileRows * 4);
}

// Four of a's row from column k on, zeros where k ends.
vec4 load_a(uint row, uint k, bool quads) {
  vec4 quad = vec4(0);
  if (row >= p.m) return quad;
  const uint at = gl_WorkGroupID.z * p.a_batch + row * p.a_row + k * p.a_column;
  if (quads && k + 3 < p.k) return F32x4(uvec2(a)).at[at / 4];
  if (k < p.k) quad.x = a.at[at];
  if (k + 1 < p.k) quad.y = a.at[at + p.a_column];
  if (k + 2 < p.k) quad.z = a.at[at + 2 * p.a_column];
  if (k + 3 < p.k) quad.w = a.at[at + 3 * p.a_column];
  return quad;
}

void fetch(uint k, bool quads) {
  [[unroll]] for (uint t = 0; t < kFetchA; ++t) {
    const uint i = gl_LocalInvocationID.x + t * kLanes;
    const uvec2 at = uvec2(gl_WorkGroupID.x * kTileRows, k) + place_in_a(i);
    if (i < kTileRows * kDepthQuads) a_next[t] = load_a(at.x, at.y, quads);
  }
  const uint depth = padded_depth(p.k);
  const uint panel = gl_WorkGroupID.z * (p.b_batch / 4) + (gl_WorkGroupID.y * depth + k) * kPanelQuads;
  [[unroll]] for (uint t = 0; t < kFetchB; ++t) {
    const uint i = gl_LocalInvocationID.x + t * kLanes;
    if (i < kHalfB) b_next[t] = b.at[panel + i];
  }
}

void put(uint side) {
  [[unroll]] for (uint t = 0; t < kFetchA; ++t) {
    const uint i = gl_LocalInvocationID.x + t * kLanes;
    const uvec2 place = place_in_a(i);
    if (i < kTileRows * kDepthQuads) a_tile[side * kHalfA + place.x * kRowStride + place.y / 4] = a_next[t];
  }
  [[unroll]] for (uint t = 0; t < kFetchB; ++t) {
    const uint i = gl_LocalInvocationID.x + t * kLanes;
    if (i < kHalfB) b_tile[side * kHalfB + i] = b_next[t];
  }
}

void multiply(uint side, uint r, uint c) {
  [[dont_unroll]] for (uint q = 0; q < kDepthQuads; ++q) {
    vec4 right[4 * kQuads];
    [[unroll]] for (uint j = 0; j < kQuads; ++j) {
      const uint at = side * kHalfB + 4 * q * kPanelQuads + c + j * kColumnLanes;
      [[unroll]] for (uint d = 0; d < 4; ++d) right[4 * j + d] = b_tile[at + d * kPanelQuads];
    }
    [[unroll]] for (uint i = 0; i < kLaneRows; ++i) {
      const vec4 left = a_tile[side * kHalfA + (r + i * kRowLanes) * kRowStride + q];
      [[unroll]] for (uint j = 0; j < kQuads; ++j) {
        vec4 sum = sums[i * kQuads + j];
        sum = left.x * right[4 * j] + sum;
        sum = left.y * right[4 * j + 1] + sum;
        sum = left.z * right[4 * j + 2] + sum;
        sums[i * kQuads + j] = left.w * right[4 * j + 3] + sum;
      }
    }
  }
}

void store(uint r, uint c, bool quads) {
  [[unroll]] for (uint j = 0; j < kQuads; ++j) {
    const uint column = gl_WorkGroupID.y * kPanelColumns + 4 * (c + j * kColumnLanes);
    if (column >= p.n) continue;
    const uint count = min(4u, p.n - column);
    vec4 shift = vec4(0);
    [[unroll]] for (uint d = 0; d < 4; ++d)
      if (kHasBias != 0 && d < count) shift[d] = bias.at[column + d];
    [[unroll]] for (uint i = 0; i < kLaneRows; ++i) {
      const uint row = gl_WorkGroupID.x * kTileRows + r + i * kRowLanes;
      if (row >= p.m) continue;
      const uint at = (gl_WorkGroupID.z * p.m + row) * p.n + column;
      vec4 value = sums[i * kQuads + j];
      if (kHasBias != 0) value += shift;
      value = vec4(activate(value.x), activate(value.y), activate(value.z), activate(value.w));
      if (quads) {
        if (kHasResidual != 0) value += F32x4(uvec2(residual)).at[at / 4];
        F32x4(uvec2(y)).at[at / 4] = value;
      } else {
        [[unroll]] for (uint d = 0; d < 4; ++d) {
          if (kHasResidual != 0 && d < count) value[d] += residual.at[at + d];
          if (d < count) y.at[at + d] = value[d];
        }
      }
    }
  }
}

void main() {
  const uint r = gl_LocalInvocationID.x / kColumnLanes;
  const uint c = gl_LocalInvocationID.x % kColumnLanes;
  const bool a_quads = p.a_column == 1 && ((p.a_row | p.a_batch) & 3u) == 0 && on_quad(a);
  const bool y_quads = (p.n & 3u) == 0 && on_quad(y) && (kHasResidual == 0 || on_quad(residual));
  [[unroll]] for (uint i = 0; i < kLaneRows * kQuads; ++i) sums[i] = vec4(0);

  fetch(0, a_quads);
  put(0);
  barrier();
  uint side = 0;
  [[dont_unroll]] for (uint k = kDepth; k < p.k; k += kDepth) {
    fetch(k, a_quads);
    multiply(side, r, c);
    side ^= 1;
    put(side);  // nobody reads this half since the last barrier
    barrier();
  }
  multiply(side, r, c);
  store(r, c, y_quads);
}
