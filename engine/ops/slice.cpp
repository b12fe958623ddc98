#include "ops/shapes.h"

namespace fovea {

Tensor slice(Tensor x, int axis, int64_t start, int64_t count) {
  expect_dtype("slice", x, x ? x.dtype() : DType::f32);
  axis = normal_axis("slice", axis, x.shape().rank());
  FOVEA_CHECK(start >= 0 && count >= 1 && count <= x.shape()[axis] - start, "slice: ", count, " from ", start,
              " of axis ", axis, " of ", x.shape());
  const int64_t after = x.shape()[axis] - start - count;
  return x.graph->view(
      x, x.shape().with(axis, count), x.strides(), start * x.strides()[size_t(axis)],
      {.grad = [=](Tensor dy) { return pad(dy, axis, start, after); }, .axis = axis, .start = start});
}

}  // namespace fovea
