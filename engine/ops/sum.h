// What sum and mean share: the launch, and the values it leaves between its two dispatches.
#pragma once

#include "ops/reduce.h"

namespace fovea {

std::vector<NodeSpec::Output> sum_parts(const Reduction& r);  // further outputs of the node
void launch_sum(Launch& k, const Reduction& r, float divisor);

}  // namespace fovea
