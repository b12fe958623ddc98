// Broadcasting of two operands: what add, mul and bias share.
#pragma once

#include "ops/shapes.h"
#include "shaders/common/broadcast.h"

namespace fovea {

// Two operands made ready for an elementwise kernel that commutes.
struct Broadcast {
  Tensor whole;     // has the shape of the result, without gaps
  Tensor repeated;  // without gaps; its elements repeat as params say
  BroadcastParams params;
};

// The result has the common shape of numpy's rules: axes aligned at the back, extent 1 stretched.
Broadcast broadcast(const char* op, Tensor a, Tensor b);

void launch_broadcast(Launch& k, const char* kernel, const BroadcastParams& params);

// The gradient of an operand of this shape from that of the result: its sum over the stretched axes.
Tensor sum_to(Tensor dy, const Shape& shape);

}  // namespace fovea
