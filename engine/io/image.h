// What the readers and writers of fovea/image.hpp share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "fovea/image.hpp"

namespace fovea {

constexpr int kMaxImageSide = 32768;
constexpr int64_t kMaxImagePixels = int64_t(1) << 27;  // 134 megapixels

// Error, starting with `where`, unless width and height are positive and within the two limits above.
void check_image_size(const std::string& where, int64_t width, int64_t height);

// As load_image(path), of a file in memory; `file` names it in messages.
Image load_image(std::span<const std::byte> bytes, const std::string& file);

}  // namespace fovea
