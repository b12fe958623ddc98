// The body of gru_grad.comp and gru_grad_sequence.comp.
// dh' comes from dy and from the step behind: z dh' + dh W.
// dz = dh' (h - n) z (1 - z), dn = dh' (1 - z) (1 - n^2), dr = dn (W_n h + b_n) r (1 - r);
// dx is (dr, dz, dn), dh is (dr, dz, r dn); both are 0 behind the end of a row.
// dy: (steps + last, batch, width); weight: (3 width, width) in panels; dx, dh: (steps, batch, 3 width).
#define PRODUCTS COLUMNS
#include "common/recurrence.glsl"

layout(push_constant, std430) uniform Push {
  F32 dy;
  F32 weight;
  U32 lengths;
  F32 before;
  F32 gates;
  F32 dx;
  F32 dh;
  F32 dstart;  // (batch, width); until the last step z dh', or dh' behind the end of a row
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
    column_at[n] = panel_column(min(unit0 + n * kLanes + lane, w - 1), 3 * w);
  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    row_at[r] = (behind * p.batch + min(row0 + r, p.batch - 1)) * 3 * w;
  if (back > 0) multiply(dh, row_at, weight, column_at, 3 * w, sum);

  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    [[unroll]] for (uint c = 0; c < COLUMNS; ++c) {
      const uint unit = unit0 + c * kLanes + lane, row = row0 + r, own = row * w + unit;
      if (unit >= w || row >= p.batch) continue;
      float dnext = sum[r * PRODUCTS + c];
      if (back > 0) dnext += dstart.at[own];
      else if (p.last != 0) dnext = dy.at[p.steps * p.batch * w + own];
      if (back == p.steps) {
        dstart.at[own] = dnext;
        continue;
      }
      const uint at = (t * p.batch + row) * w + unit, gates_at = (t * p.batch + row) * 4 * w + unit;
      bool inside = true;
      if (kHasLengths) inside = t < lengths.at[row];
      const float reset = gates.at[gates_at], update = gates.at[gates_at + w];
      const float fresh = gates.at[gates_at + 2 * w], hidden = gates.at[gates_at + 3 * w];
      if (inside) dnext += dy.at[at];
      const float dupdate = dnext * (before.at[at] - fresh) * update * (1 - update);
      const float dfresh = dnext * (1 - update) * (1 - fresh * fresh);
      const float dreset = dfresh * hidden * reset * (1 - reset);
      const uint d_at = (t * p.batch + row) * 3 * w + unit;
      dx.at[d_at] = dh.at[d_at] = inside ? dreset : 0;
      dx.at[d_at + w] = dh.at[d_at + w] = inside ? dupdate : 0;
      dx.at[d_at + 2 * w] = inside ? dfresh : 0;
      dh.at[d_at + 2 * w] = inside ? dfresh * reset : 0;
      dstart.at[own] = inside ? dnext * update : dnext;
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
