// How row kernels hold a row in registers (shaders/common/quads.glsl).
#pragma once

#include <algorithm>

#include "ops/shapes.h"

namespace fovea {

struct RowTiles {
  bool quads;       // rows are whole quads on 16-byte boundaries: a quad is one load
  bool full;        // every quad of every lane lies in the row
  uint32_t held;    // quads a lane holds
  uint32_t blocks;  // of `held` quads a lane that a row takes
};

inline RowTiles choose_row_tiles(uint32_t lanes, uint32_t columns, uint32_t most_held, bool on_16_bytes) {
  const uint32_t quads = uint32_t(ceil_div(columns, 4 * int64_t(lanes)));  // a lane's share
  const uint32_t blocks = uint32_t(ceil_div(quads, most_held));
  const uint32_t held = uint32_t(ceil_div(quads, blocks));
  return {on_16_bytes && columns % 4 == 0, uint64_t(held) * blocks * lanes * 4 == columns, held, blocks};
}

inline bool all_on_16_bytes(std::initializer_list<Span> spans) {
  return std::all_of(spans.begin(), spans.end(), [](const Span& span) { return span.address() % 16 == 0; });
}

}  // namespace fovea
