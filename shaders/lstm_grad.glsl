// The body of lstm_grad.comp and lstm_grad_sequence.comp.
// dh' comes from dy and from the step behind: dx W,
// dc' from the step behind: f dc', and dh' o (1 - tanh(c')^2).
// dx is (dc' g i (1 - i), dc' c f (1 - f), dc' i (1 - g^2), dh' tanh(c') o (1 - o)),
// 0 behind the end of a row.
// dy: (steps + 2, batch, width); weight: (4 width, width) in panels; dx: (steps, batch, 4 width).
#define PRODUCTS COLUMNS
#include "common/recurrence.glsl"

layout(push_constant, std430) uniform Push {
  F32 dy;
  F32 weight;
  U32 lengths;
  F32 cells;
  F32 gates;
  F32 dx;
  F32 dstart;       // (batch, width); until the last step 0, or dh' behind the end of a row
  F32 dstart_cell;  // (batch, width)
  RecurrenceParams p;
};

// back: how many steps lie behind the one that is taken; `steps` for the gradient of the start.
void take_step(uint back, uint row0, uint unit0) {
  const uint lane = gl_LocalInvocationID.x, w = p.width;
  const uint behind = time_of(p, p.steps - back);
  const uint t = back < p.steps ? time_of(p, p.steps - 1 - back) : 0;
  uint row_at[ROWS], column_at[PRODUCTS];
  float sum[ROWS * PRODUCTS];
  [[unroll]] for (uint i = 0; i < ROWS * PRODUCTS; ++i) sum[i] = 0;
  [[unroll]] for (uint n = 0; n < PRODUCTS; ++n)
    column_at[n] = panel_column(min(unit0 + n * kLanes + lane, w - 1), 4 * w);
  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    row_at[r] = (behind * p.batch + min(row0 + r, p.batch - 1)) * 4 * w;
  if (back > 0) multiply(dx, row_at, weight, column_at, 4 * w, sum);

  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    [[unroll]] for (uint c = 0; c < COLUMNS; ++c) {
      const uint unit = unit0 + c * kLanes + lane, row = row0 + r, own = row * w + unit;
      if (unit >= w || row >= p.batch) continue;
      float dnext = back == 0 ? dy.at[p.steps * p.batch * w + own] : dstart.at[own];
      const float dcarried = back == 0 ? dy.at[(p.steps + 1) * p.batch * w + own] : dstart_cell.at[own];
      dnext += sum[r * PRODUCTS + c];
      if (back == p.steps) {
        dstart.at[own] = dnext;
        continue;
      }
      const uint at = (t * p.batch + row) * w + unit, gates_at = (t * p.batch + row) * 4 * w + unit;
      bool inside = true;
      if (kHasLengths) inside = t < lengths.at[row];
      const float enter = gates.at[gates_at], keep = gates.at[gates_at + w];
      const float fresh = gates.at[gates_at + 2 * w], leave = gates.at[gates_at + 3 * w];
      const float cell = cells.at[at], shown = hyperbolic_tangent(keep * cell + enter * fresh);
      if (inside) dnext += dy.at[at];
      const float dcell = dcarried + dnext * leave * (1 - shown * shown);
      dx.at[gates_at] = inside ? dcell * fresh * enter * (1 - enter) : 0;
      dx.at[gates_at + w] = inside ? dcell * cell * keep * (1 - keep) : 0;
      dx.at[gates_at + 2 * w] = inside ? dcell * enter * (1 - fresh * fresh) : 0;
      dx.at[gates_at + 3 * w] = inside ? dnext * shown * leave * (1 - leave) : 0;
      dstart.at[own] = inside ? 0 : dnext;
      dstart_cell.at[own] = inside ? dcell * keep : dcarried;
    }
}

void main() {
  const uint row0 = group_index() * ROWS;
  if (row0 >= p.batch) return;
  for (uint back = p.first; back < p.first + p.count; ++back) {
    for (uint block = gl_WorkGroupID.z; block * kLanes * COLUMNS < p.width; block += gl_NumWorkGroups.z)
      take_step(back, row0, block * kLanes * COLUMNS);
    settle();
  }
}
