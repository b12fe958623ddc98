#include "core/check.h"
#include "fovea/op.hpp"
#include "fovea/ops.hpp"

namespace fovea {

Tensor detach(Tensor x) {
  FOVEA_CHECK(x, "detach: an operand is absent");
  return x.graph->view(x, x.shape(), x.strides(), 0, {.grad = [](Tensor) { return Tensor(); }});
}

}  // namespace fovea
