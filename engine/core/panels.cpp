#include "core/panels.h"

#include <algorithm>

#include "core/check.h"

namespace fovea {

uint64_t panel_elements(const Shape& shape) {
  FOVEA_CHECK(shape.rank() >= 2, "panels: need (.., k, n), got ", shape);
  const uint64_t matrices = shape.slice(0, shape.rank() - 2).elements();
  return matrices * uint64_t(panel_elements(shape[-2], shape[-1]));
}

std::vector<float> pack_panels(std::span<const float> values, int64_t k, int64_t n, int64_t row_stride,
                               int64_t column_stride) {
  const int64_t last = (k - 1) * row_stride + (n - 1) * column_stride;
  FOVEA_CHECK(last < int64_t(values.size()), "pack: (", k, ", ", n, ") reaches element ", last, " of ",
              values.size());
  const int64_t depth = round_up(k, kPanelDepth);
  std::vector<float> panels(size_t(panel_elements(k, n)), 0.0f);
  for (int64_t column = 0; column < n; ++column) {
    const int64_t start = column / kPanelColumns * depth * kPanelColumns + column % kPanelColumns;
    for (int64_t row = 0; row < k; ++row)
      panels[size_t(start + row * kPanelColumns)] = values[size_t(row * row_stride + column * column_stride)];
  }
  return panels;
}

}  // namespace fovea
