// Images of one size, changed at random: what ImageBatches is made of.
#pragma once

#include "core/random.h"
#include "fovea/data.hpp"

namespace fovea {

// A part of the image with a share of its area as options.crop_area says, resized to size x size. As
// torchvision's RandomResizedCrop: ten attempts, then the largest part in the middle that keeps the ratio.
Image random_resized_crop(const Image& image, const ImageOptions& options, Random& random);

// The middle of the image with its shorter side resized to `size`.
Image fit(Image image, int size);

}  // namespace fovea
