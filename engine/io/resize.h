// Resizing and cropping 8-bit RGB, to the bit as Pillow's Image.resize and transformers' center_crop.
#pragma once

#include "io/image.h"

namespace fovea {

// (height, width, 3) -> the new size. All but nearest widen the filter when shrinking (anti-aliasing),
// bicubic has a = -0.5, lanczos 3 lobes. Error: a size outside check_image_size.
Image resize(const Image& image, int width, int height, Resample filter);

// The middle of the image, the odd pixel towards the upper left; black where the image is smaller.
Image center_crop(const Image& image, int width, int height);

}  // namespace fovea
