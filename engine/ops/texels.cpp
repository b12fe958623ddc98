#include "ops/texels.h"

#include <algorithm>
#include <cmath>

#include "core/half.h"
#include "shaders/common/texels.h"

namespace fovea {
namespace {

// sRGB (IEC 61966-2-1): what is proportional to light, and how it is encoded. Both from 0 to 1.
double encoded(double light) {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}
double decoded(double value) {
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

uint32_t byte_of(double value) { return uint32_t(std::lround(value * 255)); }

}  // namespace

bool is_linear(const char* op, TexelFormat format, Encoding encoding) {
  const bool is_encoded = format == TexelFormat::rgba8_srgb || format == TexelFormat::bgra8_srgb;
  FOVEA_CHECK(!is_encoded || encoding != Encoding::linear, op, ": linear texels of ", name(format),
              ", which are encoded");
  return encoding == Encoding::linear || (encoding == Encoding::of_format && format == TexelFormat::rgba16f);
}

bool is_blue_first(TexelFormat format) {
  return format == TexelFormat::bgra8 || format == TexelFormat::bgra8_srgb;
}

const char* variant_of(TexelFormat format, bool linear) {
  if (is_halves(format)) return "halves";
  return linear ? "linear_bytes" : "bytes";
}

std::vector<uint32_t> encoded_bytes(TexelFormat format, bool linear) {
  const bool halves = is_halves(format);
  if (!halves && !linear) return {};
  const uint32_t last = halves ? kHalfOne : 255;
  std::vector<uint32_t> words(last / 4 + 1);
  for (uint32_t i = 0; i <= last; ++i) {
    const double value = halves ? double(float_from_half(uint16_t(i))) : i / 255.0;
    words[i / 4] |= byte_of(linear ? encoded(value) : value) << (8 * (i % 4));
  }
  return words;
}

std::vector<uint32_t> stored_bytes(TexelFormat format, bool linear) {
  const bool halves = is_halves(format);
  if (!halves && !linear) return {};
  std::vector<uint32_t> words;
  for (int byte = 0; byte < 256; ++byte) {
    const double value = linear ? decoded(byte / 255.0) : byte / 255.0;
    words.push_back(halves ? half_from_float(float(value)) : byte_of(value));
  }
  return words;
}

}  // namespace fovea
