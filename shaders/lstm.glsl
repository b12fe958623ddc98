// The body of lstm.comp and lstm_sequence.comp.
// x: (steps, batch, 4 width) of i, f, g, o; weight: (width, 4 width) in panels.
// y: (steps + 2, batch, width), zeros behind the end of a row, whose last h and c come last.
// For the gradient: before and cells (steps, batch, width), h and c that each step begins with, and
// gates (steps, batch, 4 width).
#define PRODUCTS (4 * COLUMNS)
#include "common/recurrence.glsl"

layout(push_constant, std430) uniform Push {
  F32 x;
  F32 weight;
  F32 bias;  // (4 width)
  F32 start;       // (batch, width): h
  F32 start_cell;  // (batch, width): c
  U32 lengths;
  F32 y;
  F32 before;
  F32 cells;
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
  F32 cell_state = F32(k == 0 ? uvec2(start_cell) : uvec2(cells));
  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    row_at[r] = ((k == 0 ? 0 : t * p.batch) + min(row0 + r, p.batch - 1)) * w;
  const bool known = k > 0 || kHasStart;  // the first state is 0 otherwise
  if (known) multiply(state, row_at, weight, column_at, w, sum);

  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    [[unroll]] for (uint c = 0; c < COLUMNS; ++c) {
      const uint unit = unit0 + c * kLanes + lane, row = row0 + r;
      if (unit >= w || row >= p.batch) continue;
      const uint at = (t * p.batch + row) * w + unit, gates_at = (t * p.batch + row) * 4 * w + unit;
      float h = 0, cell = 0;
      if (known) h = state.at[row_at[r] + unit], cell = cell_state.at[row_at[r] + unit];
      if (k == 0) before.at[at] = h, cells.at[at] = cell;
      const float enter = sigmoid(x.at[gates_at] + sum[r * PRODUCTS + c]);
      const float keep = sigmoid(x.at[gates_at + w] + sum[r * PRODUCTS + COLUMNS + c]);
      const float fresh = hyperbolic_tangent(x.at[gates_at + 2 * w] + sum[r * PRODUCTS + 2 * COLUMNS + c]);
      const float leave = sigmoid(x.at[gates_at + 3 * w] + sum[r * PRODUCTS + 3 * COLUMNS + c]);
      gates.at[gates_at] = enter;
      gates.at[gates_at + w] = keep;
      gates.at[gates_at + 2 * w] = fresh;
      gates.at[gates_at + 3 * w] = leave;
      bool inside = true;
      if (kHasLengths) inside = t < lengths.at[row];
      const float next_cell = inside ? keep * cell + enter * fresh : cell;
      const float next = inside ? leave * hyperbolic_tangent(next_cell) : h;
      y.at[at] = inside ? next : 0;
      const bool last = k + 1 == p.steps;
      const uint later = last ? 0 : (time_of(p, k + 1) * p.batch + row) * w + unit;
      if (!last) before.at[later] = next, cells.at[later] = next_cell;
      const uint end = (p.steps * p.batch + row) * w + unit;
      if (last) y.at[end] = next, y.at[end + p.batch * w] = next_cell;
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
