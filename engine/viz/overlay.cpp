#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/extents.h"
#include "core/light.h"
#include "fovea/heatmap.hpp"

namespace fovea {
namespace {

void check_overlay(const Image& image, const Heatmap& map, const Region& seen) {
  FOVEA_CHECK(image.width >= 1 && image.height >= 1 &&
                  image.rgb.size() == size_t(image.width) * size_t(image.height) * 3,
              "overlay: ", image.width, " x ", image.height, " pixels take 3 bytes each, got ",
              image.rgb.size());
  FOVEA_CHECK(map.rows >= 1 && map.columns >= 1 &&
                  product_within({map.rows, map.columns}, int64_t(1) << 32) == int64_t(map.weights.size()),
              "overlay: a map of ", map.rows, " x ", map.columns, " with ", map.weights.size(), " weights");
  for (size_t i = 0; i < map.weights.size(); ++i)
    FOVEA_CHECK(std::isfinite(map.weights[i]), "overlay: weight ", i, " of the map is ", map.weights[i],
                ", expected finite ones");
  FOVEA_CHECK(seen.width > 0 && seen.height > 0 && std::isfinite(seen.width + seen.height) &&
                  std::isfinite(seen.left + seen.top),
              "overlay: a map on ", seen.width, " x ", seen.height, " pixels at ", seen.left, ", ", seen.top);
}

template <class T>
double blend(const SplineTaps& taps, const T* values, size_t stride) {
  double sum = 0;
  for (size_t i = 0; i < 4; ++i) sum += taps.weights[i] * double(values[taps.cells[i] * stride]);
  return sum;
}

}  // namespace

Image overlay(const Image& image, const Heatmap& map, const Region& seen) {
  check_overlay(image, map, seen);
  const std::vector<float> light = light_of(map.weights);  // (rows, columns)
  const std::vector<SplineTaps> across = spline_taps(image.width, seen.left, seen.width, map.columns);
  const std::vector<SplineTaps> down = spline_taps(image.height, seen.top, seen.height, map.rows);
  Image lit = image;
  uint8_t* byte = lit.rgb.data();
  std::vector<double> row(size_t(map.columns));  // of light at the height of a pixel row
  for (const SplineTaps& vertical : down) {
    for (size_t column = 0; column < row.size(); ++column)
      row[column] = blend(vertical, &light[column], row.size());
    for (const SplineTaps& horizontal : across) {
      const double kept = double(kDarkest) + (1 - double(kDarkest)) * blend(horizontal, row.data(), 1);
      for (int colour = 0; colour < 3; ++colour, ++byte) *byte = uint8_t(std::lround(*byte * kept));
    }
  }
  return lit;
}

}  // namespace fovea
