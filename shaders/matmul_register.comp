// matmul: y = activation(a b + bias) + residual; a (batch, m, k) strided, b in panels, y (batch, m, n)
// One subgroup a workgroup: a tile of ROWS x COLUMNS * LANES of y; lanes lie along the columns of the tile.
// For CPU drivers, where every load is a gather of one element a lane, shared memory and barriers are slow
// and arithmetic is cheap: each value loaded serves ROWS or COLUMNS products from registers. Tiles are fixed
// when the shader is built, not by specialization: SwiftShader takes 6 to 11 s to unroll a tile by itself.
// RATE is the fraction of the device's multiply-add peak that a tile reaches on large matrices.
// class cpu
// variant 4_40: LANES=4 ROWS=40 COLUMNS=16 UNROLL=8 BLOCK_ROWS=1 BLOCK_COLUMNS=1 RATE=0.43
// variant 4_16: LANES=4 ROWS=16 COLUMNS=8 UNROLL=8 BLOCK_ROWS=1 BLOCK_COLUMNS=1 RATE=0.32
// variant 4_4: LANES=4 ROWS=4 COLUMNS=8 UNROLL=8 BLOCK_ROWS=1 BLOCK_COLUMNS=1 RATE=0.19
// variant 8_40: LANES=8 ROWS=40 COLUMNS=8 UNROLL=1 BLOCK_ROWS=2 BLOCK_COLUMNS=2 RATE=0.54
// variant 8_16: LANES=8 ROWS=16 COLUMNS=8 UNROLL=1 BLOCK_ROWS=2 BLOCK_COLUMNS=2 RATE=0.46
// variant 8_4: LANES=8 ROWS=4 COLUMNS=8 UNROLL=1 BLOCK_ROWS=2 BLOCK_COLUMNS=2 RATE=0.22
// variant 16_40: LANES=16 ROWS=40 COLUMNS=4 UNROLL=1 BLOCK_ROWS=4 BLOCK_COLUMNS=4 RATE=0.36
// variant 16_16: LANES=16 ROWS=16 COLUMNS=4 UNROLL=1 BLOCK_ROWS=4 BLOCK_COLUMNS=4 RATE=0.27
// variant 16_4: LANES=16 ROWS=4 COLUMNS=4 UNROLL=1 BLOCK_ROWS=4 BLOCK_COLUMNS=4 RATE=0.13
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common/buffer.glsl"
#include "common/epilogue.glsl"
#include "common/panels.h"
#include "matmul.h"

#if LANES == 4
#include "common/tile_quad.glsl"
#else
#include "common/tile_broadcast.glsl"
#endif

layout(push_constant, std430) uniform Push {
  F32 a;
  Packed b;      // in panels, see panels.h
  F32 bias;      // (n)
  F32 residual;  // (batch, m, n)
  F32 y;
  MatmulParams p;
};

void main() {
  // Push constants are read once: on lavapipe each use costs a bounds check.
  const uint m = p.m, n = p.n, k = p.k, a_column = p.a_column, lane = gl_LocalInvocationID.x;
  // Neighbouring workgroups share the columns of b in cache.
  const uint row0 = gl_WorkGroupID.x * ROWS, column0 = gl_WorkGroupID.y * COLUMNS * LANES;
  const uint batch = gl_WorkGroupID.z;
  F32 a_base = a;
  Packed b_base = b;

  Cursor at = tile_begin(b_base, batch * p.b_batch, column0, k, lane);
  uint a_at[kLoads];  // rows beyond the last one repeat it; they are never stored
  [[unroll]] for (uint i = 0; i < kLoads; ++i)
    a_at[i] = batch * p.a_batch + min(row0 + loaded_row(i, lane), m - 1) * p.a_row;

  float sum[ROWS * COLUMNS];
  [[unroll]] for (uint i = 0; i < ROWS * COLUMNS; ++i) sum[i] = 0;

  for (uint k0 = 0; k0 < k; k0 += kStep) {
    float left[ROWS * kStep];  // left[r * kStep + i] = a[row r][k0 + i], zero beyond k
    [[unroll]] for (uint j = 0; j < kStep / kLoadStep; ++j) {
      const uint column = k0 + j * kLoadStep + loaded_step(lane), column_at = min(column, k - 1) * a_column;
      [[unroll]] for (uint i = 0; i < kLoads; ++i) {
        const float value = a_base.at[a_at[i] + column_at];
        const float inside = column < k ? value : 0;
        [[unroll]] for (uint s = 0; s < kSpread; ++s) left[left_index(i, j, s)] = spread(inside, s);
      }
    }
    // Small blocks, k innermost: their sums stay in registers for kStep multiply-adds instead of one.
    [[unroll]] for (uint c0 = 0; c0 < COLUMNS / BLOCK_COLUMNS; ++c0) {
      float right[kStep * BLOCK_COLUMNS];
      load_right(b_base, at, c0, right);
      [[unroll]] for (uint r0 = 0; r0 < ROWS / BLOCK_ROWS; ++r0)
        [[unroll]] for (uint i = 0; i < kStep; ++i)
          [[unroll]] for (uint r = 0; r < BLOCK_ROWS; ++r)
            [[unroll]] for (uint c = 0; c < BLOCK_COLUMNS; ++c)
              sum[(r0 * BLOCK_ROWS + r) * COLUMNS + c0 * BLOCK_COLUMNS + c] +=
                  left[(r0 * BLOCK_ROWS + r) * kStep + i] * right[i * BLOCK_COLUMNS + c];
    }
    advance(at);
  }

  // One rolled loop over the tile: the activation is compiled once, not ROWS x COLUMNS times. Only this copy
  // of the sums is indexed by a variable, so the sums themselves stay in registers above.
  float stage[ROWS * COLUMNS];
  [[unroll]] for (uint i = 0; i < ROWS * COLUMNS; ++i) stage[i] = sum[i];
  [[dont_unroll]] for (uint i = 0; i < ROWS * COLUMNS; ++i) {
    const uint row = row0 + row_of(i / COLUMNS, lane);
    const uint column = column0 + column_of(i % COLUMNS, lane);
    if (row < m && column < n) {
      const uint y_at = (batch * m + row) * n + column;
      float value = stage[i];
      if (kHasBias != 0) value += bias.at[column];
      value = activate(value);
      if (kHasResidual != 0) value += residual.at[y_at];
      y.at[y_at] = value;
    }
  }
}
