#include "io/resize.h"

#include <algorithm>

#include "core/check.h"
#include "core/resample.h"

namespace fovea {
namespace {

// The weighted sum of pixels `stride` bytes apart, one colour.
uint8_t blend(const Taps& taps, const uint8_t* pixels, size_t stride) {
  int32_t sum = 1 << (kResampleBits - 1);
  for (const int32_t weight : taps.weights) {
    sum += weight * *pixels;
    pixels += stride;
  }
  return uint8_t(std::clamp(sum >> kResampleBits, 0, 255));
}

Image blank(int width, int height) {
  return {width, height, std::vector<uint8_t>(size_t(width) * size_t(height) * 3)};
}

size_t row_bytes(const Image& image) { return size_t(image.width) * 3; }

// (height, from, 3) -> (height, width, 3)
Image resize_rows(const Image& image, int width, Resample filter) {
  const std::vector<Taps> taps = resample_taps(image.width, width, filter);
  Image out = blank(width, image.height);
  uint8_t* to = out.rgb.data();
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.rgb.data() + size_t(y) * row_bytes(image);
    for (const Taps& tap : taps)
      for (int colour = 0; colour < 3; ++colour) *to++ = blend(tap, row + 3 * tap.first + colour, 3);
  }
  return out;
}

// (from, width, 3) -> (height, width, 3)
Image resize_columns(const Image& image, int height, Resample filter) {
  Image out = blank(image.width, height);
  uint8_t* to = out.rgb.data();
  for (const Taps& tap : resample_taps(image.height, height, filter)) {
    const uint8_t* first = image.rgb.data() + size_t(tap.first) * row_bytes(image);
    for (size_t i = 0; i < row_bytes(image); ++i) *to++ = blend(tap, first + i, row_bytes(image));
  }
  return out;
}

Image resize_nearest(const Image& image, int width, int height) {
  Image out = blank(width, height);
  uint8_t* to = out.rgb.data();
  const std::vector<Taps> columns = resample_taps(image.width, width, Resample::nearest);
  for (const Taps& row : resample_taps(image.height, height, Resample::nearest))
    for (const Taps& column : columns)
      to = std::copy_n(image.rgb.data() + size_t(row.first) * row_bytes(image) + size_t(column.first) * 3, 3,
                       to);
  return out;
}

void check_image(const char* op, const Image& image) {
  check_image_size(op, image.width, image.height);
  FOVEA_CHECK(image.rgb.size() == row_bytes(image) * size_t(image.height), op, ": ", image.width, " x ",
              image.height, " pixels take 3 bytes each, got ", image.rgb.size());
}

}  // namespace

Image resize(const Image& image, int width, int height, Resample filter) {
  check_image("resize", image);
  check_image_size("resize", width, height);
  if (filter == Resample::nearest) return resize_nearest(image, width, height);
  // Rows first, rounded to 8 bits between the passes; an axis that keeps its size is left alone.
  Image out = image.width == width ? image : resize_rows(image, width, filter);
  return image.height == height ? out : resize_columns(out, height, filter);
}

Image center_crop(const Image& image, int width, int height) {
  check_image("center_crop", image);
  check_image_size("center_crop", width, height);
  const auto half_down = [](int value) { return (value - (value < 0)) / 2; };
  const int left = half_down(image.width - width);  // negative: so many black columns before the image
  const int top = half_down(image.height - height);
  const int begin = std::max(left, 0), end = std::min(left + width, image.width);
  Image out = blank(width, height);
  for (int y = std::max(top, 0); y < std::min(top + height, image.height); ++y)
    std::copy_n(image.rgb.data() + size_t(y) * row_bytes(image) + 3 * begin, 3 * (end - begin),
                out.rgb.data() + size_t(y - top) * row_bytes(out) + 3 * (begin - left));
  return out;
}

}  // namespace fovea
