// The body of gru.comp and gru_sequence.comp.
// x: (steps, batch, 3 width) of r, z, n; weight: (width, 3 width) in panels.
// y: (steps + last, batch, width), zeros behind the end of a row, whose last state comes last.
// For the gradient: before (steps, batch, width), the state that each step begins with, and
// gates (steps, batch, 4 width): r, z, n and W_n h + b_n.
#define PRODUCTS (3 * COLUMNS)
#include "common/recurrence.glsl"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 weight;
  F32 bias;  // (3 width)
  F32 start;
  U32 lengths;
  F32 y;
  F32 before;
  F32 gates;
  RecurrenceParams p;
};

void take_step(uint k, uint row0, uint unit0) {
  const uint lane = gl_LocalInvocationID.x, w = p.width, t = time_of(p, k);
  uint row_at[ROWS], column_at[PRODUCTS];
  float sum[ROWS * PRODUCTS];
  [[unroll]] for (uint n = 0; n < PRODUCTS; ++n) {
    const uint column = n / COLUMNS * w + min(unit0 + n % COLUMNS * kLanes + lane, w - 1);
    column_at[n] = panel_column(column, w);
    [[unroll]] for (uint r = 0; r < ROWS; ++r) sum[r * PRODUCTS + n] = bias.at[column];
  }
  F32 state = F32(k == 0 ? uvec2(start) : uvec2(before));
  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    row_at[r] = ((k == 0 ? 0 : t * p.batch) + min(row0 + r, p.batch - 1)) * w;
  const bool known = k > 0 || kHasStart;  // the first state is 0 otherwise
  if (known) multiply(state, row_at, weight, column_at, w, sum);

  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    [[unroll]] for (uint c = 0; c < COLUMNS; ++c) {
      const uint unit = unit0 + c * kLanes + lane, row = row0 + r;
      if (unit >= w || row >= p.batch) continue;
      const uint at = (t * p.batch + row) * w + unit, x_at = (t * p.batch + row) * 3 * w + unit;
      float h = 0;
      if (known) h = state.at[row_at[r] + unit];
      if (k == 0) before.at[at] = h;
      const float hidden = sum[r * PRODUCTS + 2 * COLUMNS + c];
      const float reset = sigmoid(x.at[x_at] + sum[r * PRODUCTS + c]);
      const float update = sigmoid(x.at[x_at + w] + sum[r * PRODUCTS + COLUMNS + c]);
      const float fresh = hyperbolic_tangent(x.at[x_at + 2 * w] + reset * hidden);
      const uint gates_at = (t * p.batch + row) * 4 * w + unit;
      gates.at[gates_at] = reset;
      gates.at[gates_at + w] = update;
      gates.at[gates_at + 2 * w] = fresh;
      gates.at[gates_at + 3 * w] = hidden;
      bool inside = true;
      if (kHasLengths) inside = t < lengths.at[row];
      const float next = inside ? (1 - update) * fresh + update * h : h;
      y.at[at] = inside ? next : 0;
      if (k + 1 < p.steps) before.at[(time_of(p, k + 1) * p.batch + row) * w + unit] = next;
      else if (p.last != 0) y.at[(p.steps * p.batch + row) * w + unit] = next;
    }
}

void main() {
  const uint row0 = group_index() * ROWS;
  if (row0 >= p.batch) return;
  for (uint k = p.first; k < p.first + p.count; ++k) {
    for (uint block = gl_WorkGroupID.z; block * kLanes * COLUMNS < p.width; block += gl_NumWorkGroups.z)
      take_step(k, row0, block * kLanes * COLUMNS);
    settle();
  }
}
