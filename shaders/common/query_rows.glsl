// For the register kernels of attention: rows without gaps, one a lane, read two elements at a time; and
// what a lane sees of another lane's.
#if LANES == 4
// SwiftShader has no 64-bit integers, and loads at constant offsets from one address take four times fewer
// instructions than an index each. A quad swap is one instruction, a broadcast eleven: j names lane ^ j.
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_KHR_shader_subgroup_quad : require

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Row { float at[256]; };
#define Rows uvec2
#define Cursor uvec2

Cursor row_begin(Rows rows, uint at) {
  const uint bytes = at * 4, low = rows.x + bytes;
  return uvec2(low, rows.y + uint(low < bytes));
}
vec2 load_pair(Rows rows, Cursor from, uint d) {
  Row row = Row(from);
  return vec2(row.at[d], row.at[d + 1]);
}
void store_pair(Rows rows, Cursor to, uint d, vec2 pair) {
  Row row = Row(to);
  row.at[d] = pair.x;
  row.at[d + 1] = pair.y;
}
uint key_of(uint j, uint lane) { return lane ^ j; }
float spread(float value, uint j) {
  float result = value;
  if (j == 1) result = subgroupQuadSwapHorizontal(value);
  if (j == 2) result = subgroupQuadSwapVertical(value);
  if (j == 3) result = subgroupQuadSwapDiagonal(value);
  return result;
}
#else
// lavapipe: a gather costs the same for 64 bits a lane as for 32. Offsets and strides must be even.
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_KHR_shader_subgroup_ballot : require

layout(buffer_reference, std430, buffer_reference_align = 8) buffer Rows { uint64_t at[]; };
#define Cursor uint64_t

Cursor row_begin(Rows rows, uint at) { return uint64_t(rows) + 4 * uint64_t(at); }
vec2 load_pair(Rows rows, Cursor from, uint d) { return uintBitsToFloat(unpack32(Rows(from).at[d / 2])); }
void store_pair(Rows rows, Cursor to, uint d, vec2 pair) {
  Rows(to).at[d / 2] = pack64(floatBitsToUint(pair));
}
uint key_of(uint j, uint lane) { return j; }
float spread(float value, uint j) { return subgroupBroadcast(value, j); }
#endif
