// The launch that sum and mean share.
#pragma once

#include "ops/reduce.h"
#include "shaders/sum.h"

namespace fovea {

void launch_sum(Launch& k, const Reduction& r, float divisor);

}  // namespace fovea
