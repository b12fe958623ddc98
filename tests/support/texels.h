// Images in host memory as the texels of a host's images.
#pragma once

#include <cmath>
#include <vector>

#include "core/half.h"
#include "fovea/image.hpp"
#include "fovea/texels.hpp"
#include "gpu/texels.h"
#include "io/preprocess.h"
#include "support/values.h"

namespace fovea::test {

struct TexelKind {
  TexelFormat format = TexelFormat::rgba8;
  Encoding encoding = Encoding::of_format;
};
// In all of these an 8-bit image is held to the bit.
inline const TexelKind kTexelKinds[] = {{TexelFormat::rgba8},      {TexelFormat::bgra8},
                                        {TexelFormat::rgba8_srgb}, {TexelFormat::bgra8_srgb},
                                        {TexelFormat::rgba16f},    {TexelFormat::rgba16f, Encoding::srgb}};

inline bool is_linear(const TexelKind& kind) {
  return kind.encoding == Encoding::linear ||
         (kind.encoding == Encoding::of_format && kind.format == TexelFormat::rgba16f);
}

inline double srgb_decoded(double value) {
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

inline double srgb_encoded(double light) {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

inline Image random_image(int width, int height, uint32_t seed) {
  Image image{width, height, {}};
  for (const uint32_t byte : random_ids(uint64_t(width) * uint64_t(height) * 3, seed, 256))
    image.rgb.push_back(uint8_t(byte));
  return image;
}

inline Shape shape_of(int64_t width, int64_t height, TexelFormat format) {
  const Shape texels{height, width};
  return words_of(format) == 2 ? texels.appended(2) : texels;
}

// With an alpha that says nothing.
inline std::vector<uint32_t> texels_of(const Image& image, const TexelKind& kind) {
  const bool blue_first = kind.format == TexelFormat::bgra8 || kind.format == TexelFormat::bgra8_srgb;
  std::vector<uint32_t> words;
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    const uint32_t red = image.rgb[i], green = image.rgb[i + 1], blue = image.rgb[i + 2];
    if (words_of(kind.format) == 1) {
      words.push_back((blue_first ? blue : red) | green << 8 | (blue_first ? red : blue) << 16 |
                      uint32_t(i * 7 % 256) << 24);
      continue;
    }
    const auto half = [&](uint32_t byte) {
      const double value = byte / 255.0;
      return uint32_t(half_from_float(float(is_linear(kind) ? srgb_decoded(value) : value)));
    };
    words.push_back(half(red) | half(green) << 16);
    words.push_back(half(blue) | 0x7e00u << 16);
  }
  return words;
}

inline PixelsOptions options_of(const Preprocessor& steps, int width, int height, const TexelKind& kind) {
  const Placement place = placement_of(steps, width, height);
  return {.format = kind.format,
          .encoding = kind.encoding,
          .resize_width = place.width,
          .resize_height = place.height,
          .resample = steps.resample,
          .left = place.left,
          .top = place.top,
          .width = steps.width(),
          .height = steps.height(),
          .rescale_factor = steps.rescale_factor,
          .mean = steps.mean,
          .std = steps.std};
}

}  // namespace fovea::test
