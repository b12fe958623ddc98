// stb_image behind a function: nothing of it is visible elsewhere, in headers or to the linker.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "io/image.h"

namespace fovea {

// A PNG, JPEG or BMP file in memory. Errors start with `file` and give stb's reason.
Image decode_image(std::span<const std::byte> bytes, const std::string& file);

}  // namespace fovea
