// Broadcasting by numpy's rules: axes are aligned at the back, extent 1 is stretched.
#pragma once

#include <vector>

#include "ops/shapes.h"

namespace fovea {

// An operand made ready for an elementwise kernel: element i of the result goes with its element
// (i / inner) % period.
struct Repeated {
  Tensor x;  // without gaps
  uint32_t inner, period;
  bool repeats;  // fewer elements than the result
};

struct Broadcast {
  Shape shape;  // of the result
  std::vector<Repeated> operands;
};

Broadcast broadcast(const char* op, const std::vector<Tensor>& operands);

// The gradient of an operand of this shape from that of the result: its sum over the stretched axes.
Tensor sum_to(Tensor dy, const Shape& shape);

}  // namespace fovea
