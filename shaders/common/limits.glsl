// Limits of fp32, and tests of numbers by their bits: drivers may take isnan() to be false.
#ifndef FOVEA_LIMITS
#define FOVEA_LIMITS

const float kLeast = -3.4028235e38;      // -FLT_MAX
const float kHalfLeast = -1.7014117e38;  // where maxima start: subtracting it cannot overflow
const float kVanishing = -104;           // exp() of less is below every number; not all drivers give 0
const uint kNanBits = 0x7fc00000u, kInfinityBits = 0x7f800000u, kMinusInfinityBits = 0xff800000u;
const uint kMagnitudeBits = 0x7fffffffu;

float not_a_number() { return uintBitsToFloat(kNanBits); }
float infinity() { return uintBitsToFloat(kInfinityBits); }
bool is_nan(float v) { return (floatBitsToUint(v) & kMagnitudeBits) > kInfinityBits; }
bool is_finite(float v) { return (floatBitsToUint(v) & kInfinityBits) != kInfinityBits; }

#endif
