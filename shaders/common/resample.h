// Units of the weights with which images are resampled: 32 bits less 8 for the pixel and 2 for overshoot.
#include "host.h"
#ifndef FOVEA_RESAMPLE
#define FOVEA_RESAMPLE

const int kResampleBits = 32 - 8 - 2;

#endif
