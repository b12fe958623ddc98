#include <algorithm>
#include <array>

#include "core/check.h"
#include "fovea/heatmap.hpp"

namespace fovea {
namespace {

constexpr int kCell = 24, kLine = 1;  // pixels of a square, and of the grey line around it
constexpr std::array<double, 3> kLight{255, 255, 255}, kDark{8, 48, 107}, kGrid{200, 200, 200};

}  // namespace

Image attention_matrix(const std::vector<std::vector<float>>& weights) {
  const size_t rows = weights.size(), columns = rows > 0 ? weights[0].size() : 0;
  FOVEA_CHECK(rows > 0 && columns > 0, "attention_matrix: ", rows, " x ", columns,
              " weights, at least 1 x 1 is needed");
  float largest = 0;
  for (const std::vector<float>& row : weights) {
    FOVEA_CHECK(row.size() == columns, "attention_matrix: rows of ", columns, " and ", row.size(),
                " weights");
    largest = std::max(largest, *std::max_element(row.begin(), row.end()));
  }
  Image image{int(columns) * kCell + kLine, int(rows) * kCell + kLine, {}};
  image.rgb.reserve(size_t(image.width) * size_t(image.height) * 3);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const bool line = x % kCell < kLine || y % kCell < kLine;
      const double weight =
          line || largest <= 0 ? 0 : double(weights[size_t(y / kCell)][size_t(x / kCell)]) / double(largest);
      for (size_t c = 0; c < 3; ++c)
        image.rgb.push_back(uint8_t(line ? kGrid[c] : kLight[c] + (kDark[c] - kLight[c]) * weight + 0.5));
    }
  return image;
}

}  // namespace fovea
