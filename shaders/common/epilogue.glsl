// The end of a matrix product: which parts it has, beside its activation.
#include "activate.glsl"

layout(constant_id = 3) const uint kHasBias = 0;
layout(constant_id = 5) const uint kHasResidual = 0;
