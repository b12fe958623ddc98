// What attention_grad_q_register.comp and attention_grad_kv_register.comp share. A subgroup owns GROUPS *
// LANES rows, lanes along them; rows of the other side come LANES at a time, one a lane, and are spread to
// all lanes.
#include "attention_grad.h"
#include "common/limits.glsl"
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
  return is_nan(x) ? x : result;
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

// row = factor * the lane's row at `at`; dot[g * LANES + j] += own[g] * row of lane key_of(j, lane). Products
// are summed by the chunk: LLVM lays a whole sum out as one chain of additions, which are waited for if the
// chain is longer than what the processor looks ahead.
void add_dots(inout float dot[GROUPS * LANES], float own[GROUPS * HEAD_DIM], Rows rows, uint at, float factor,
              out float row[HEAD_DIM]) {
  const uint kChunk = 8;
  const Cursor from = row_begin(rows, at);
  [[unroll]] for (uint d = 0; d < HEAD_DIM; d += kChunk) {
    [[unroll]] for (uint i = 0; i < kChunk; i += 2) {
      const vec2 pair = load(rows, from, d + i) * factor;
      row[d + i] = pair.x;
      row[d + i + 1] = pair.y;
    }
    [[unroll]] for (uint j = 0; j < LANES; ++j) {
      float part[GROUPS];
      [[unroll]] for (uint i = 0; i < kChunk; ++i) {
        const float x = spread(row[d + i], j);
        [[unroll]] for (uint g = 0; g < GROUPS; ++g) {
          const float product = own[g * HEAD_DIM + d + i] * x;
          part[g] = i == 0 ? product : part[g] + product;
        }
      }
      [[unroll]] for (uint g = 0; g < GROUPS; ++g) dot[g * LANES + j] += part[g];
    }
  }
}

// sum[g] += weight[g * LANES + j] * row of lane key_of(j, lane), over all j
void add_weighted(inout float sum[GROUPS * HEAD_DIM], float weight[GROUPS * LANES], float row[HEAD_DIM]) {
  [[unroll]] for (uint d = 0; d < HEAD_DIM; ++d)
    [[unroll]] for (uint j = 0; j < LANES; ++j) {
      const float x = spread(row[d], j);
      [[unroll]] for (uint g = 0; g < GROUPS; ++g) sum[g * HEAD_DIM + d] += weight[g * LANES + j] * x;
    }
}
