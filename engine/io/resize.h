// Resizing and cropping 8-bit RGB, to the bit as Pillow's Image.resize and transformers' center_crop.
#pragma once

#include "io/image.h"

namespace fovea {

// The filters by their numbers in Pillow and in preprocessor_config.json. Pillow's box (4) and hamming (5) are left out.
enum class Resample { nearest = 0, lanczos = 1, bilinear = 2, bicubic = 3 };

// (height, width, 3) -> the new size. All but nearest widen the filter when shrinking (anti-aliasing), bicubic has
// a = -0.5, lanczos 3 lobes. Error: a size outside check_image_size.
Image resize(const Image& image, int width, int height, Resample filter);

// The middle of the picture, the odd pixel towards the upper left; black where the picture is smaller.
Image center_crop(const Image& image, int width, int height);

}  // namespace fovea
