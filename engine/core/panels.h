// The layout in which matmul reads its right operand, the same on every device: b (k, n) is cut into panels
// of kPanelColumns columns; a panel holds its rows one after another, zeros where k or n end before it does.
#pragma once

#include <span>
#include <vector>

#include "fovea/core.hpp"

namespace fovea {

constexpr int64_t kPanelColumns = 64;
constexpr int64_t kPanelDepth =
    16;  // k is padded to a multiple: kernels step through it a subgroup at a time

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
