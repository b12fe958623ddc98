#include "graph/grad.h"

#include "core/check.h"
#include "fovea/ops.hpp"
#include "gpu/shaders.h"

namespace fovea {

std::vector<Tensor> Graph::grad(Tensor y, const std::vector<Tensor>& of, Tensor dy) {
  expect_training("grad");
  FOVEA_CHECK(y.graph == this, "grad: y belongs to another graph");
  FOVEA_CHECK(dy || y.shape().elements() == 1, "grad: y ", y.shape(), " is not one number: dy is needed");
  if (!dy) dy = fill(*this, y.shape(), 1);
  return fovea::grad(y, of, dy, {.add = fovea::add, .concat = fovea::concat});
}

}  // namespace fovea
