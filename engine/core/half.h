// 16-bit floats as they are stored: IEEE half (1 sign, 5 exponent, 10 mantissa bits) and bfloat16 (1, 8, 7).
// To float is exact, subnormals, infinities and NaN included; to half rounds to nearest, ties to even.
#pragma once

#include <bit>
#include <cstdint>

namespace fovea {

constexpr float float_from_half(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 0) {  // zero or subnormal: a multiple of 2^-24
    const float magnitude = float(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const uint32_t wide_exponent = exponent == 31 ? 255 : exponent + 127 - 15;
  return std::bit_cast<float>(sign | wide_exponent << 23 | mantissa << 13);
}

// Values from 65520 on become infinity; a NaN stays a (quiet) NaN.
constexpr uint16_t half_from_float(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = uint16_t(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return uint16_t(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  if (magnitude >= 0x477ff000) return uint16_t(sign | 0x7c00);
  if (magnitude >= 0x38800000) {  // normal: just under half a unit more, and one more if odd, rounds to even
    const uint32_t rebased = magnitude - (uint32_t(127 - 15) << 23);
    return uint16_t(sign | ((rebased + 0xfff + (rebased >> 13 & 1)) >> 13));
  }
  const uint32_t exponent = magnitude >> 23;
  if (exponent < 102) return sign;  // less than half of 2^-24
  const uint32_t shift = 126 - exponent;
  const uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
  const uint32_t units = mantissa >> shift;
  return uint16_t(sign | ((mantissa + (uint32_t(1) << (shift - 1)) - 1 + (units & 1)) >> shift));
}

constexpr float float_from_bfloat16(uint16_t value) { return std::bit_cast<float>(uint32_t(value) << 16); }

}  // namespace fovea
