// The tile of matmul_register.comp for subgroups of 4 (SwiftShader), where a quad swap is one instruction and
// a broadcast eleven. Lane l loads a[row 4i + l]; after swap s it holds a[row 4i + (l ^ s)], so that the sums
// of register row 4i + s belong to row 4i + (l ^ s): a permutation which only the store has to know.
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_KHR_shader_subgroup_quad : require

const uint kStep = UNROLL;      // k advances by kStep per turn of the loop
const uint kLoads = ROWS / 4;   // loads of a per kLoadStep of k, each serving kSpread values of left
const uint kLoadStep = 1;
const uint kSpread = 4;

// Loads at constant offsets from one address: four times fewer instructions than an index each.
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Rows { float at[kPanelColumns * kStep]; };
#define Packed uvec2
#define Cursor uvec2

uint loaded_row(uint i, uint lane) { return i * 4 + lane; }
uint loaded_step(uint lane) { return 0; }
uint left_index(uint i, uint j, uint s) { return (i * 4 + s) * kStep + j; }
uint row_of(uint r, uint lane) { return (r & ~3) + ((r & 3) ^ lane); }
uint column_of(uint c, uint lane) { return c * LANES + lane; }

float spread(float value, uint s) {
  float result = value;
  if (s == 1) result = subgroupQuadSwapHorizontal(value);
  if (s == 2) result = subgroupQuadSwapVertical(value);
  if (s == 3) result = subgroupQuadSwapDiagonal(value);
  return result;
}

uvec2 add_bytes(uvec2 address, uint bytes) {
  const uint low = address.x + bytes;
  return uvec2(low, address.y + uint(low < bytes));
}

Cursor tile_begin(Packed b, uint offset, uint column0, uint k, uint lane) {
  const uint k_padded = padded_depth(k);
  const uint panel = column0 / kPanelColumns * k_padded * kPanelColumns;
  return add_bytes(b, 4 * (offset + panel + column0 % kPanelColumns + lane));
}

// right[i * BLOCK_COLUMNS + c] = b[k0 + i][column c of block c0]
void load_right(Packed b, Cursor at, uint c0, out float right[kStep * BLOCK_COLUMNS]) {
  Rows rows = Rows(at);
  [[unroll]] for (uint i = 0; i < kStep; ++i)
    [[unroll]] for (uint c = 0; c < BLOCK_COLUMNS; ++c)
      right[i * BLOCK_COLUMNS + c] = rows.at[i * kPanelColumns + (c0 * BLOCK_COLUMNS + c) * LANES];
}

void advance(inout Cursor at) { at = add_bytes(at, 4 * kPanelColumns * kStep); }
