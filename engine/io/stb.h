// stb_image and stb_image_write behind two functions: nothing of them is visible elsewhere, in headers or to
// the linker.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "io/image.h"

namespace fovea {

// A PNG, JPEG or BMP file in memory. Errors start with `file` and give stb's reason.
Image decode_image(std::span<const std::byte> bytes, const std::string& file);

std::vector<std::byte> encode_png(const Image& image);

}  // namespace fovea
