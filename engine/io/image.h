// What the readers and writers of fovea/image.hpp share.
#pragma once

#include <cstdint>
#include <string>

#include "fovea/image.hpp"

namespace fovea {

constexpr int kMaxImageSide = 32768;
constexpr int64_t kMaxImagePixels = int64_t(1) << 27;  // 134 megapixels

// Error, starting with `where`, unless width and height are positive and within the two limits above.
void check_image_size(const std::string& where, int64_t width, int64_t height);

}  // namespace fovea
