// What readers of files, ops and figures say of pictures in the same words.
#pragma once

#include <cstdint>

#include "fovea/version.h"

namespace fovea FOVEA_API {

// A part of an image in its pixels, not rounded. It may reach beyond the image.
struct Region {
  double left = 0, top = 0, width = 0, height = 0;
};

// The filters by their numbers in Pillow and in preprocessor_config.json; no box (4) and no hamming (5).
enum class Resample { nearest = 0, lanczos = 1, bilinear = 2, bicubic = 3 };

enum class Colormap : uint8_t { reds, blues, viridis, greys };  // the largest value is dark, in viridis light

}  // namespace fovea
