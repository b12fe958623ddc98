#include <numeric>

#include "ops/shapes.h"

namespace fovea {

Tensor permute(Tensor x, const std::vector<int>& axes) {
  expect_dtype("permute", x, x ? x.dtype() : DType::f32);
  const Shape& from = x.shape();
  FOVEA_CHECK(int(axes.size()) == from.rank(), "permute: ", axes.size(), " axes for ", from);
  std::vector<int64_t> extents;
  Strides strides{};
  unsigned seen = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const int axis = normal_axis("permute", axes[i], from.rank());
    FOVEA_CHECK(!(seen & 1u << axis), "permute: axis ", axis, " of ", from, " is named twice");
    seen |= 1u << axis;
    extents.push_back(from[axis]);
    strides[i] = x.strides()[size_t(axis)];
  }
  std::vector<int> back(axes.size());
  for (size_t i = 0; i < axes.size(); ++i)
    back[size_t(normal_axis("permute", axes[i], from.rank()))] = int(i);
  return x.graph->view(x, Shape(extents), strides, 0,
                       {.grad = [back](Tensor dy) { return permute(dy, back); }});
}

Tensor transpose(Tensor x) {
  FOVEA_CHECK(x && x.shape().rank() >= 2, "transpose: needs two axes, got ", x ? x.shape() : Shape());
  std::vector<int> axes(size_t(x.shape().rank()));
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return permute(x, axes);
}

}  // namespace fovea
