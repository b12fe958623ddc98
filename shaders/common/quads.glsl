// Rows in registers: a lane holds quads of 4 elements; a row is worked on in blocks of kHeld quads a lane, and where
// one block holds a row it is read once. Included after buffer.glsl and kHeld, kFull (every quad of every lane lies in
// the row). ROW_QUADS 1: a quad is one load, rows are whole quads on 16-byte boundaries; 0: rows begin and end anywhere.
#if ROW_QUADS
#define ROW F32x4
#else
#define ROW F32
#endif

// Column of element c of this lane's quad q: neighbours where a quad is one load, else a workgroup's width apart.
uint quad_column(uint q, uint c) {
#if ROW_QUADS
  return 4 * (q * gl_WorkGroupSize.x + gl_LocalInvocationID.x) + c;
#else
  return (4 * q + c) * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
#endif
}

// Which elements of quad q lie in a row of n.
bvec4 quad_present(uint q, uint n) {
  if (kFull) return bvec4(true);
  return lessThan(uvec4(quad_column(q, 0), quad_column(q, 1), quad_column(q, 2), quad_column(q, 3)), uvec4(n));
}

float first_of(ROW from, uint start) {
#if ROW_QUADS
  return from.at[start / 4].x;
#else
  return from.at[start];
#endif
}

// Elements of quad q of the row that starts at `start`; those past its end are 0.
vec4 load_quad(ROW from, uint start, uint q, uint n) {
  vec4 v = vec4(0);
#if ROW_QUADS
  if (kFull || quad_column(q, 0) < n) v = from.at[(start + quad_column(q, 0)) / 4];
#else
  [[unroll]] for (uint c = 0; c < 4; ++c)
    if (kFull || quad_column(q, c) < n) v[c] = from.at[start + quad_column(q, c)];
#endif
  return v;
}

void store_quad(ROW to, uint start, uint q, uint n, vec4 v) {
#if ROW_QUADS
  if (kFull || quad_column(q, 0) < n) to.at[(start + quad_column(q, 0)) / 4] = v;
#else
  [[unroll]] for (uint c = 0; c < 4; ++c)
    if (kFull || quad_column(q, c) < n) to.at[start + quad_column(q, c)] = v[c];
#endif
}
