// Pictures: 8-bit RGB in memory; PNG, JPEG and BMP files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // (height, width, 3)
};

constexpr int kMaxImageSide = 32768;
constexpr int64_t kMaxImagePixels = int64_t(1) << 27;  // 134 megapixels

// Error, starting with `where`, unless width and height are positive and within the two limits above.
void check_image_size(const std::string& where, int64_t width, int64_t height);

// Grey and palettes become RGB, alpha is dropped, 16 bits are cut to the upper 8. A file that is truncated, damaged (as
// far as its format can tell), too large or none of the three formats is an Error that names the file.
Image load_image(const std::filesystem::path& path);

void write_png(const std::filesystem::path& path, const Image& image);  // atomically

}  // namespace fovea
