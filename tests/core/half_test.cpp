#include "core/half.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

namespace fovea {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

static_assert(float_from_half(0x3c00) == 1 && half_from_float(-2.5f) == 0xc100);
static_assert(float_from_bfloat16(0x3f80) == 1 && float_from_bfloat16(0xc020) == -2.5f);

// What the 16 bits mean, by the definition of a binary float with so many exponent and mantissa bits.
double meaning(uint32_t bits, int exponent_bits, int mantissa_bits) {
  const int exponent = int(bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int mantissa = int(bits) & ((1 << mantissa_bits) - 1);
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) return mantissa ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
}

// Whether `value` is what the bits mean, a NaN or the same number with the same sign.
bool is(float value, double meant) {
  if (std::isnan(meant)) return std::isnan(value);
  return double(value) == meant && std::signbit(value) == std::signbit(meant);
}

double half_meaning(uint32_t bits) { return meaning(bits, 5, 10); }

TEST_CASE("half: every value both ways, and the rounding between any two neighbours") {
  constexpr uint32_t kInfinityBits = 0x7c00;
  int wrong = 0;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = float_from_half(uint16_t(bits));
    wrong += !is(value, half_meaning(bits));
    if (std::isnan(value)) {
      wrong += !std::isnan(float_from_half(half_from_float(value)));
      continue;
    }
    wrong += half_from_float(value) != bits;

    // The middle between this one and the next goes to the even one, anything else to the nearer one.
    if ((bits & 0x7fff) + 1 >= kInfinityBits) continue;
    const float middle = float((half_meaning(bits) + half_meaning(bits + 1)) / 2);
    wrong += half_from_float(middle) != bits + (bits & 1);
    wrong += half_from_float(std::nextafter(middle, 0.0f)) != bits;
    wrong += half_from_float(std::nextafter(middle, middle > 0 ? kInfinity : -kInfinity)) != bits + 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("bfloat16: every value becomes the float that it means") {
  int wrong = 0;
  for (uint32_t bits = 0; bits < 0x10000; ++bits)
    wrong += !is(float_from_bfloat16(uint16_t(bits)), meaning(bits, 8, 7));
  CHECK(wrong == 0);
}

TEST_CASE("half: the ends of its range") {
  CHECK(half_from_float(65504) == 0x7bff);
  CHECK(half_from_float(std::nextafter(65520.0f, 0.0f)) == 0x7bff);
  CHECK(half_from_float(65520) == 0x7c00);
  CHECK(half_from_float(-1e30f) == 0xfc00);
  CHECK(half_from_float(0x1p-25f) == 0);  // the middle between 0 and the smallest: to even
  CHECK(half_from_float(std::nextafter(0x1p-25f, 1.0f)) == 1);
  CHECK(half_from_float(-std::numeric_limits<float>::denorm_min()) == 0x8000);
}

}  // namespace
}  // namespace fovea
