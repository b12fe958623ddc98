#include "core/light.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

constexpr double kLowTail = 0.25;  // this share of the weights is dark
constexpr double kHighTail = 0.2;  // this share is light
constexpr double kFade = 0.75;     // cells, from the edge of the map to its full light

std::array<double, 4> spline(double t) {  // t: 0 at the second of the four, 1 at the third
  const double s = 1 - t;
  return {s * s * s / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * s * s + 3 * s * s * s) / 6,
          t * t * t / 6};
}

}  // namespace

LightEnds light_ends(size_t weights) {
  const auto at = [&](double share) { return size_t(share * double(weights - 1)); };
  return {at(kLowTail), at(1 - kHighTail)};
}

std::vector<float> light_of(const std::vector<float>& weights) {
  std::vector<float> sorted = weights;
  std::ranges::sort(sorted);
  const LightEnds ends = light_ends(weights.size());
  std::vector<float> light;
  for (const float weight : weights)
    light.push_back(std::pow(part_between(weight, sorted[ends.low], sorted[ends.high]), kLightPower));
  return light;
}

std::vector<SplineTaps> spline_taps(int pixels, double start, double length, int64_t cells) {
  std::vector<SplineTaps> taps;
  for (int pixel = 0; pixel < pixels; ++pixel) {
    const double at = (pixel + 0.5 - start) / length * double(cells);  // 0 .. cells inside
    SplineTaps& tap = taps.emplace_back();
    const double edge = std::min(at, double(cells) - at) / kFade;
    if (edge <= 0) continue;
    const double fade = edge < 1 ? edge * edge * (3 - 2 * edge) : 1;
    const double second = std::floor(at - 0.5);
    tap.weights = spline(at - 0.5 - second);
    for (size_t i = 0; i < 4; ++i) {
      tap.weights[i] *= fade;
      tap.cells[i] = uint32_t(std::clamp<int64_t>(int64_t(second) - 1 + int64_t(i), 0, cells - 1));
    }
  }
  return taps;
}

}  // namespace fovea
