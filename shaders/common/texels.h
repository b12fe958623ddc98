// Bits of halves.
#include "host.h"
#ifndef FOVEA_TEXELS
#define FOVEA_TEXELS

const uint kHalfOne = 0x3c00u;
const uint kHalfInfinity = 0x7c00u;
const uint kHalfNan = 0x7e00u;
const uint kHalfSign = 0x8000u;

#endif
