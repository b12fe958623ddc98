// How the weights of a map become light, from 0 at the low end to 1 at the high one.
#include "host.h"
#ifndef FOVEA_LIGHT
#define FOVEA_LIGHT

const float kLightPower = 0.7f;  // of the part of the way from the low to the high end
const float kDarkest = 0.16f;    // what of a picture's light the darkest leaves

// The part of the way; both ends may be one. NaN stays NaN.
inline float part_between(float weight, float low, float high) {
  const float part = high > low ? (weight - low) / (high - low) : float(weight >= high);
  return part < 0.f ? 0.f : part > 1.f ? 1.f : part;
}

#endif
