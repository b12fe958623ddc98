// The layout in which matmul reads its right operand, the same on every device: see shaders/common/panels.h.
#pragma once

#include <span>
#include <vector>

#include "fovea/core.hpp"
#include "shaders/common/panels.h"

namespace fovea {

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Elements of the panels of one (k, n) matrix.
constexpr int64_t panel_elements(int64_t k, int64_t n) {
  return ceil_div(n, kPanelColumns) * round_up(k, kPanelDepth) * kPanelColumns;
}

// Elements of the panels of a (.., k, n) tensor, one matrix after another.
uint64_t panel_elements(const Shape& shape);

// The panels of one matrix whose element (row, column) is values[row * row_stride + column * column_stride].
std::vector<float> pack_panels(std::span<const float> values, int64_t k, int64_t n, int64_t row_stride,
                               int64_t column_stride);

}  // namespace fovea
