// What attention_grad_q_register.comp and attention_grad_kv_register.comp share. A subgroup owns GROUPS *
// LANES rows, lanes along them; rows of the other side come LANES at a time, one a lane, and are spread to
// all lanes.
#include "attention_grad.h"
#include "common/query_rows.glsl"

layout(constant_id = 3) const uint kHeadDim = HEAD_DIM;  // even, at most HEAD_DIM
layout(constant_id = 4) const uint kCausal = 0;          // query i sees keys j <= i + keys - tokens
layout(constant_id = 5) const uint kHasLengths = 0;      // keys from lengths[batch] on are not seen
layout(constant_id = 6) const uint kHasBias = 0;

// A pair of a row, zero from head_dim on. No branch: SwiftShader runs straight code twice as fast.
vec2 load(Rows rows, Cursor at, uint d) {
  const vec2 pair = load_pair(rows, at, min(d, kHeadDim - 2));
  return d < kHeadDim ? pair : vec2(0);
}

// exp(x), NaN of NaN: SwiftShader's exp() of it is a number.
float exp_or_nan(float x) {
  const float result = exp(x);
  return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u ? x : result;
}

void load_row(Rows rows, uint at, out float row[HEAD_DIM]) {
  const Cursor from = row_begin(rows, at);
  [[unroll]] for (uint d = 0; d < HEAD_DIM; d += 2) {
    const vec2 pair = load(rows, from, d);
    row[d] = pair.x;
    row[d + 1] = pair.y;
  }
}

void store_row(Rows rows, uint at, float row[HEAD_DIM]) {
  const Cursor to = row_begin(rows, at);
  [[unroll]] for (uint d = 0; d < HEAD_DIM; d += 2)
    if (d < kHeadDim) store_pair(rows, to, d, vec2(row[d], row[d + 1]));
}

// dot[g * LANES + j] += own[g] * row of lane key_of(j, lane). CHUNK products are summed on their own: LLVM
// lays the whole sum out as one chain of additions, which are waited for if the chain is longer than what
// the processor looks ahead.
void add_dots(inout float dot[GROUPS * LANES], float own[GROUPS * HEAD_DIM], float row[HEAD_DIM]) {
  [[unroll]] for (uint d = 0; d < HEAD_DIM; d += CHUNK)
    [[unroll]] for (uint j = 0; j < LANES; ++j) {
      float part[GROUPS];
      [[unroll]] for (uint i = 0; i < CHUNK; ++i) {
        const float x = spread(row[d + i], j);
        [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
          const float product = own[g * HEAD_DIM + d + i] * x;
          part[g] = i == 0 ? product : part[g] + product;
        }
      }
      [[unroll]] for (uint g = 0; g < GROUPS; ++g) dot[g * LANES + j] += part[g];
    }
}

// sum[g] += weight[g * LANES + j] * row of lane key_of(j, lane), over all j
void add_weighted(inout float sum[GROUPS * HEAD_DIM], float weight[GROUPS * LANES], float row[HEAD_DIM]) {
  [[unroll]] for (uint d = 0; d < HEAD_DIM; d += 2) {
    float x[GROUPS], y[GROUPS];
    [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
      x[g] = sum[g * HEAD_DIM + d];
      y[g] = sum[g * HEAD_DIM + d + 1];
    }
    [[unroll]] for (uint j = 0; j < LANES; ++j) {
      const float row_x = spread(row[d], j), row_y = spread(row[d + 1], j);
      [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
        x[g] += weight[g * LANES + j] * row_x;
        y[g] += weight[g * LANES + j] * row_y;
      }
    }
    [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
      sum[g * HEAD_DIM + d] = x[g];
      sum[g * HEAD_DIM + d + 1] = y[g];
    }
  }
}
