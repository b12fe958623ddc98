#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.h"
#include "core/extents.h"
#include "fovea/heatmap.hpp"

namespace fovea {
namespace {

constexpr double kLowTail = 0.25;  // this share of the patches is dark
constexpr double kHighTail = 0.2;  // this share keeps the image's own light
constexpr double kGamma = 0.7;
constexpr double kDarkest = 0.16;  // of the image's light
constexpr double kFade = 0.75;     // patches, from the edge of the map to its full light

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

// The weights as light from 0 to 1. (rows, columns)
std::vector<double> light_of(const Heatmap& map) {
  std::vector<float> sorted = map.weights;
  std::ranges::sort(sorted);
  const auto at = [&](double share) { return double(sorted[size_t(share * double(sorted.size() - 1))]); };
  const double low = at(kLowTail), high = at(1 - kHighTail);
  std::vector<double> light;
  for (const float weight : map.weights) {
    const double part = high > low ? (weight - low) / (high - low) : double(weight >= high);
    light.push_back(std::pow(std::clamp(part, 0.0, 1.0), kGamma));
  }
  return light;
}

// What a pixel column (or row) takes of the map's columns: a cubic B-spline over four neighbours, which is
// smooth and never overshoots. Beyond its edge the map goes on as its outermost cells; the weights are 0
// outside and rise to their full size within kFade.
struct Taps {
  std::array<size_t, 4> cells{};
  std::array<double, 4> weights{};
};

std::array<double, 4> spline(double t) {  // t: 0 at the second of the four, 1 at the third
  const double s = 1 - t;
  return {s * s * s / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * s * s + 3 * s * s * s) / 6,
          t * t * t / 6};
}

std::vector<Taps> taps_along(int pixels, double start, double length, int64_t cells) {
  std::vector<Taps> taps;
  for (int pixel = 0; pixel < pixels; ++pixel) {
    const double at = (pixel + 0.5 - start) / length * double(cells);  // 0 .. cells inside
    Taps& tap = taps.emplace_back();
    const double edge = std::min(at, double(cells) - at) / kFade;
    if (edge <= 0) continue;
    const double fade = edge < 1 ? edge * edge * (3 - 2 * edge) : 1;
    const double second = std::floor(at - 0.5);
    tap.weights = spline(at - 0.5 - second);
    for (size_t i = 0; i < 4; ++i) {
      tap.weights[i] *= fade;
      tap.cells[i] = size_t(std::clamp<int64_t>(int64_t(second) - 1 + int64_t(i), 0, cells - 1));
    }
  }
  return taps;
}

double blend(const Taps& taps, const double* values, size_t stride) {
  double sum = 0;
  for (size_t i = 0; i < 4; ++i) sum += taps.weights[i] * values[taps.cells[i] * stride];
  return sum;
}

}  // namespace

Image overlay(const Image& image, const Heatmap& map, const Region& seen) {
  check_overlay(image, map, seen);
  const std::vector<double> light = light_of(map);  // (rows, columns)
  const std::vector<Taps> across = taps_along(image.width, seen.left, seen.width, map.columns);
  const std::vector<Taps> down = taps_along(image.height, seen.top, seen.height, map.rows);
  Image lit = image;
  uint8_t* byte = lit.rgb.data();
  std::vector<double> row(size_t(map.columns));  // of light at the height of a pixel row
  for (const Taps& vertical : down) {
    for (size_t column = 0; column < row.size(); ++column)
      row[column] = blend(vertical, &light[column], row.size());
    for (const Taps& horizontal : across) {
      const double kept = kDarkest + (1 - kDarkest) * blend(horizontal, row.data(), 1);
      for (int colour = 0; colour < 3; ++colour, ++byte) *byte = uint8_t(std::lround(*byte * kept));
    }
  }
  return lit;
}

}  // namespace fovea
