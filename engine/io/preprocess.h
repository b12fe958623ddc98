// Where the pixels of a Preprocessor come from, for what prepares images elsewhere than in host memory.
#pragma once

#include "fovea/image.hpp"

namespace fovea {

struct Placement {
  int64_t width, height;      // of the image after resizing
  int64_t left = 0, top = 0;  // of the crop in it: negative where it reaches beyond the image
};

// Of an image of this size. Errors as of Preprocessor::pixels.
Placement placement_of(const Preprocessor& steps, int64_t width, int64_t height);

}  // namespace fovea
