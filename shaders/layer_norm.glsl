// layer_norm: h = x + residual; y[r,c] = (h[r,c] - mean_c h) / sqrt(mean_c (h[r,c] - mean_c h)^2 + eps) * gain[c] + shift[c]
// One workgroup per kRows rows, their elements in registers; lanes stride over quads of c. x, residual, y: (rows, columns).
#include "common/buffer.glsl"
#include "common/reduce.glsl"
#include "layer_norm.h"

layout(constant_id = 1) const bool kFull = false;      // every quad of every lane lies in the row
layout(constant_id = 2) const uint kHeld = 1;          // quads a lane holds of a row
layout(constant_id = 3) const uint kRows = 1;          // gain and shift are read once for so many rows
layout(constant_id = 4) const bool kResident = false;  // one block holds a row
layout(constant_id = 5) const bool kResidual = false;
#include "common/quads.glsl"

layout(push_constant, std430) uniform Push {
  ROW x;
  ROW residual;
  ROW gain;
  ROW shift;
  ROW y;
  LayerNormParams p;
};

vec4 held[kRows * kHeld];  // deviations from the first element of the row

// Everything is reckoned from the first element of the row: differences of neighbours in value are exact, so a mean
// far larger than the spread costs nothing, and the error stays relative to the largest deviation in the row.
void load_block(uint r, uint start, uint block, float origin, float residual_origin) {
  [[unroll]] for (uint q = 0; q < kHeld; ++q) {
    precise vec4 d = load_quad(x, start, block * kHeld + q, p.columns) - origin;
    if (kResidual) d += load_quad(residual, start, block * kHeld + q, p.columns) - residual_origin;
    if (!kFull) d = mix(vec4(0), d, quad_present(block * kHeld + q, p.columns));
    held[r * kHeld + q] = d;
  }
}

float add4(vec4 v) { return (v.x + v.y) + (v.z + v.w); }

void main() {
  const uint first = group_index() * kRows;
  if (first >= p.rows) return;
  const uint blocks = kResident ? 1 : p.blocks;
  float origin[kRows], residual_origin[kRows], mean[kRows], factor[kRows];
  uint start[kRows];

  [[unroll]] for (uint r = 0; r < kRows; ++r) {
    start[r] = min(first + r, p.rows - 1) * p.columns;
    origin[r] = first_of(x, start[r]);
    residual_origin[r] = kResidual ? first_of(residual, start[r]) : 0;
    vec4 sum = vec4(0);
    for (uint block = 0; block < blocks; ++block) {
      load_block(r, start[r], block, origin[r], residual_origin[r]);
      [[unroll]] for (uint q = 0; q < kHeld; ++q) sum += held[r * kHeld + q];
    }
    mean[r] = lanes_add(add4(sum)) / float(p.columns);

    vec4 squares = vec4(0);
    for (uint block = 0; block < blocks; ++block) {
      if (!kResident) load_block(r, start[r], block, origin[r], residual_origin[r]);
      [[unroll]] for (uint q = 0; q < kHeld; ++q) {
        precise vec4 d = held[r * kHeld + q] - mean[r];
        if (!kFull) d = mix(vec4(0), d, quad_present(block * kHeld + q, p.columns));
        squares += d * d;
      }
    }
    const float variance = lanes_add(add4(squares)) / float(p.columns);
    // A variance beyond fp32 would make finite zeros of the row: it becomes NaN.
    factor[r] = is_finite(variance) ? 1 / sqrt(variance + p.eps) : uintBitsToFloat(0x7fc00000u);
  }

  for (uint block = 0; block < blocks; ++block) {
    if (!kResident) load_block(0, start[0], block, origin[0], residual_origin[0]);
    [[unroll]] for (uint q = 0; q < kHeld; ++q) {
      const vec4 g = load_quad(gain, 0, block * kHeld + q, p.columns);
      const vec4 b = load_quad(shift, 0, block * kHeld + q, p.columns);
      [[unroll]] for (uint r = 0; r < kRows; ++r) {
        const vec4 y4 = (held[r * kHeld + q] - mean[r]) * factor[r] * g + b;
        if (first + r < p.rows) store_quad(y, start[r], block * kHeld + q, p.columns, y4);
      }
    }
  }
}
