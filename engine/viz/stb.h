// stb_image_write behind two functions: nothing of it is visible elsewhere, in headers or to the linker.
#pragma once

#include <vector>

#include "fovea/image.hpp"

namespace fovea {

std::vector<uint8_t> encode_png(const Image& image);
std::vector<uint8_t> encode_jpeg(const Image& image, int quality);  // quality: 1 to 100

}  // namespace fovea
