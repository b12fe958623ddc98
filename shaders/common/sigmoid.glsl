// Sigmoid and what is made of it in fp32, with the exponential of -|x| only: it cannot overflow. NaN stays
// NaN.
#include "limits.glsl"

// 1 / (1 + exp(-x)); 1 for NaN.
float sigmoid_of_number(float x) {
  const float size = abs(x);
  const float e = size < -kVanishing ? exp(-size) : 0;
  return (x < 0 ? e : 1) / (1 + e);
}

float sigmoid(float x) {
  const bool is_number = (floatBitsToUint(x) & kMagnitudeBits) <= kInfinityBits;
  return is_number ? sigmoid_of_number(x) : x;
}

// x / (1 + exp(-x)); -infinity, where the formula divides infinities, makes NaN.
float silu(float x) { return x * sigmoid_of_number(x); }

// Its derivative s + x s (1 - s), s = 1 / (1 + exp(-x)); 0 and 1 at the infinities, anything for NaN.
float silu_derivative(float x) {
  const float size = abs(x);
  const float e = size < -kVanishing ? exp(-size) : 0;
  const float s = (x < 0 ? e : 1) / (1 + e);
  return size < -kVanishing ? s + x * (e / ((1 + e) * (1 + e))) : s;
}

float quick_gelu(float x) { return x * sigmoid_of_number(1.702 * x); }
