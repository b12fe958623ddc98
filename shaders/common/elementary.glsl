// exp, expm1, tanh, log and sqrt in fp32, right to a few units in the last place: drivers may be off by
// 3 + 2|x| of them, and not all give exp(-inf) = 0 or sqrt(inf) = inf. NaN stays NaN.
#include "limits.glsl"

const float kLog2High = 0.693359375, kLog2Low = -2.12194440e-4;  // sum: log 2; n kLog2High is exact

// exp(r) - 1 for |r| <= log(2) / 2 by its series: the next term is below 2e-8 of it.
float expm1_near_zero(float r) {
  const float tail = 1. / 6 + r * (1. / 24 + r * (1. / 120 + r * (1. / 720 + r / 5040)));
  return r + r * r * (0.5 + r * tail);
}

float power_of_two(int n) { return uintBitsToFloat(uint(n + 127) << 23); }  // |n| <= 126

// exp(x) = 2^n exp(r), x = n log 2 + r. 2^n itself may lie beyond fp32: it is two factors.
float exponential(float x) {
  const float inside = clamp(x, -110, 90);  // 0 below, infinity above
  const float steps = round(inside * 1.44269504);
  const float r = (inside - steps * kLog2High) - steps * kLog2Low;
  const int n = int(steps), half_n = n / 2;
  const float y = (1 + expm1_near_zero(r)) * power_of_two(half_n) * power_of_two(n - half_n);
  return is_nan(x) ? x : y;
}

// exp(x) - 1 with all its digits where x is small.
float expm1(float x) {
  const bool small = abs(x) < 0.34;
  return small ? expm1_near_zero(x) : exponential(x) - 1;
}

// (e^x - e^-x) / (e^x + e^-x) = expm1(2x) / (expm1(2x) + 2), with all its digits where x is small.
float hyperbolic_tangent(float x) {
  const float e = expm1(2 * x);
  return x > 20 ? 1 : e / (e + 2);
}

// log(x) = n log 2 + log(m), x = 2^n m, m about 1; log(m) = 2 atanh(s), s = (m - 1) / (m + 1), by its series.
float logarithm(float x) {
  const uint bits = floatBitsToUint(x);
  const bool tiny = bits < 0x00800000u;  // whole multiples of 2^-149, which drivers take for 0
  const uint word = tiny ? floatBitsToUint(float(bits)) : bits;
  const int n = int(word - 0x3f3504f3u) >> 23;  // m lies in sqrt(1/2) .. sqrt(2)
  const float m = uintBitsToFloat(word - (uint(n) << 23));
  const float s = (m - 1) / (m + 1), q = s * s;
  const float log_m = 2 * s + s * q * (2. / 3 + q * (2. / 5 + q * (2. / 7 + q * (2. / 9))));
  const float steps = float(tiny ? n - 149 : n);
  const float y = steps * kLog2High + (log_m + steps * kLog2Low);
  if ((bits & kMagnitudeBits) == 0) return uintBitsToFloat(kMinusInfinityBits);
  if (is_nan(x) || bits == kInfinityBits) return x;
  return bits > 0x80000000u ? not_a_number() : y;
}

float square_root(float x) {
  const uint bits = floatBitsToUint(x);
  if ((bits & kMagnitudeBits) == 0 || is_nan(x) || bits == kInfinityBits) return x;
  return bits > 0x80000000u ? not_a_number() : sqrt(x);
}
