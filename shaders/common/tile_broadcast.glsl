// The tile of matmul_register.comp for subgroups of 8 or 16 (lavapipe). Lane l loads a[row][k0 + l];
// broadcast s gives a[row][k0 + s] to all lanes. b is loaded as pairs of columns in one 64-bit word: a gather
// costs the same for 64 bits a lane as for 32.
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_KHR_shader_subgroup_ballot : require

const uint kStep = LANES * UNROLL;  // k advances by kStep per turn of the loop
const uint kLoads = ROWS;           // loads of a per kLoadStep of k, each serving kSpread values of left
const uint kLoadStep = LANES;
const uint kSpread = LANES;

layout(buffer_reference, std430, buffer_reference_align = 8) buffer Packed { uint64_t at[]; };
struct Cursor {
  uint at;     // in pairs
  uint panel;  // pairs per panel
};

uint loaded_row(uint i, uint lane) { return i; }
uint loaded_step(uint lane) { return lane; }
uint left_index(uint i, uint j, uint s) { return i * kStep + j * LANES + s; }
uint row_of(uint r, uint lane) { return r; }
uint column_of(uint c, uint lane) { return (c / 2 * LANES + lane) * 2 + c % 2; }

float spread(float value, uint s) { return subgroupBroadcast(value, s); }

Cursor tile_begin(Packed b, uint offset, uint column0, uint k, uint lane) {
  const uint k_padded = padded_depth(k);
  Cursor result;
  result.panel = k_padded * kPanelColumns / 2;
  result.at = offset / 2 + column0 / kPanelColumns * result.panel + column0 % kPanelColumns / 2 + lane;
  return result;
}

// right[i * BLOCK_COLUMNS + c] = b[k0 + i][column c of block c0]
void load_right(Packed b, Cursor cursor, uint c0, out float right[kStep * BLOCK_COLUMNS]) {
  [[unroll]] for (uint i = 0; i < kStep; ++i)
    [[unroll]] for (uint c = 0; c < BLOCK_COLUMNS / 2; ++c) {
      const uint column = (c0 * BLOCK_COLUMNS / 2 + c) * LANES;  // in pairs from the tile's first column
      const uint kPairs = kPanelColumns / 2;
      const uint at = cursor.at + column % kPairs + i * kPairs + column / kPairs * cursor.panel;
      const vec2 pair = uintBitsToFloat(unpack32(b.at[at]));
      right[i * BLOCK_COLUMNS + c * 2] = pair.x;
      right[i * BLOCK_COLUMNS + c * 2 + 1] = pair.y;
    }
}

void advance(inout Cursor cursor) { cursor.at += kStep * (kPanelColumns / 2); }
