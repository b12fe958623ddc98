#include "ops/broadcast.h"

namespace fovea {

Tensor expand(Tensor x, const Shape& shape) {
  expect_dtype("expand", x, x ? x.dtype() : DType::f32);
  const Shape from = x.shape();
  const int missing = shape.rank() - from.rank();
  FOVEA_CHECK(missing >= 0, "expand: ", from, " to ", shape, ", which has fewer axes");
  Strides strides{};
  for (int axis = 0; axis < from.rank(); ++axis) {
    const bool repeated = from[axis] != shape[axis + missing];
    FOVEA_CHECK(!repeated || from[axis] == 1, "expand: ", from, " to ", shape, " at axis ", axis + missing);
    strides[size_t(axis + missing)] = repeated ? 0 : x.strides()[size_t(axis)];
  }
  return x.graph->view(x, shape, strides, 0, {.grad = [from](Tensor dy) { return sum_to(dy, from); }});
}

}  // namespace fovea
