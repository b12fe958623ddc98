#include <algorithm>
#include <array>
#include <cmath>

#include "core/check.h"
#include "fovea/heatmap.hpp"

namespace fovea {
namespace {

constexpr double kLowTail = 0.35;   // this share of the patches is dark
constexpr double kHighTail = 0.02;  // this share keeps the photo's own light
constexpr double kGamma = 0.8;
constexpr double kDarkest = 0.12;   // of the photo's light

void check_overlay(const Image& photo, const Heatmap& map, const Region& seen) {
  FOVEA_CHECK(photo.width >= 1 && photo.height >= 1 &&
                  photo.rgb.size() == size_t(photo.width) * size_t(photo.height) * 3,
              "overlay: ", photo.width, " x ", photo.height, " pixels take 3 bytes each, got ", photo.rgb.size());
  FOVEA_CHECK(map.rows >= 1 && map.columns >= 1 && map.weights.size() == size_t(map.rows * map.columns),
              "overlay: a map of ", map.rows, " x ", map.columns, " with ", map.weights.size(), " weights");
  FOVEA_CHECK(std::ranges::all_of(map.weights, [](float weight) { return std::isfinite(weight); }),
              "overlay: a weight of the map is not finite");
  FOVEA_CHECK(seen.width > 0 && seen.height > 0 && std::isfinite(seen.left + seen.top + seen.width + seen.height),
              "overlay: the map covers ", seen.width, " x ", seen.height, " pixels");
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

// What a pixel column (or row) takes of the map's columns: a cubic B-spline over four neighbours, which is smooth
// and never overshoots. The map's edge goes on beyond it.
struct Taps {
  bool inside = false;  // of the region the map covers
  std::array<size_t, 4> cells{};
  std::array<double, 4> weights{};
};

std::vector<Taps> taps_along(int pixels, double start, double length, int64_t cells) {
  std::vector<Taps> taps;
  for (int pixel = 0; pixel < pixels; ++pixel) {
    const double part = (pixel + 0.5 - start) / length;  // 0 .. 1 inside
    if (part < 0 || part >= 1) {
      taps.emplace_back();
      continue;
    }
    const double at = part * double(cells) - 0.5;  // 0 in the middle of the first cell
    const double first = std::floor(at), t = at - first, s = 1 - t;
    Taps tap{true, {}, {s * s * s / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * s * s + 3 * s * s * s) / 6,
                        t * t * t / 6}};
    for (int64_t i = 0; i < 4; ++i)
      tap.cells[size_t(i)] = size_t(std::clamp<int64_t>(int64_t(first) - 1 + i, 0, cells - 1));
    taps.push_back(tap);
  }
  return taps;
}

double blend(const Taps& taps, const double* values, size_t stride) {
  double sum = 0;
  for (size_t i = 0; i < 4; ++i) sum += taps.weights[i] * values[taps.cells[i] * stride];
  return sum;
}

}  // namespace

Image overlay(const Image& photo, const Heatmap& map, const Region& seen) {
  check_overlay(photo, map, seen);
  const std::vector<double> light = light_of(map);  // (rows, columns)
  const std::vector<Taps> across = taps_along(photo.width, seen.left, seen.width, map.columns);
  const std::vector<Taps> down = taps_along(photo.height, seen.top, seen.height, map.rows);
  Image picture = photo;
  uint8_t* byte = picture.rgb.data();
  std::vector<double> row(size_t(map.columns));  // of light at the height of a pixel row
  for (const Taps& vertical : down) {
    for (size_t column = 0; column < row.size(); ++column) row[column] = blend(vertical, &light[column], row.size());
    for (const Taps& horizontal : across) {
      const double lit = vertical.inside && horizontal.inside ? blend(horizontal, row.data(), 1) : 0;
      for (int colour = 0; colour < 3; ++colour, ++byte)
        *byte = uint8_t(std::lround(*byte * (kDarkest + (1 - kDarkest) * lit)));
    }
  }
  return picture;
}

}  // namespace fovea
