// A map of weights as light on a picture: read by overlay() of images in host memory and by the ops light()
// and map_texels().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shaders/common/light.h"

namespace fovea {

// Places in the sorted weights of the two ends between which light grows.
struct LightEnds {
  size_t low, high;
};
LightEnds light_ends(size_t weights);

std::vector<float> light_of(const std::vector<float>& weights);

// What a pixel column (or row) takes of the map's columns (or rows): a cubic B-spline over four neighbours,
// which is smooth and never overshoots. Beyond its edge the map goes on as its outermost cells; the weights
// are 0 outside and rise to their full size within 0.75 cells.
struct SplineTaps {
  std::array<uint32_t, 4> cells{};
  std::array<double, 4> weights{};
};

// Of pixels on which the map lies from `start` on for `length`.
std::vector<SplineTaps> spline_taps(int pixels, double start, double length, int64_t cells);

}  // namespace fovea
