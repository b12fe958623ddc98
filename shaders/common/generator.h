// The generator of random numbers: a State of 4 u32, the seed and the step, 64 bits each, lower word first.
#include "host.h"

const uint kSeedAt = 0, kStepAt = 2;
