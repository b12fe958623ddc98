#include <optional>

#include "ops/shapes.h"

namespace fovea {
namespace {

// Strides that show x's memory in another shape, if there are any. Axes are matched in groups of equal
// element counts; a group of x's axes must lie in memory as one axis, which the new axes then split.
std::optional<Strides> strides_without_copy(Tensor x, const Shape& shape) {
  std::vector<std::pair<int64_t, int64_t>> from;  // extent and stride of x's axes longer than 1
  for (int axis = 0; axis < x.shape().rank(); ++axis)
    if (x.shape()[axis] > 1) from.emplace_back(x.shape()[axis], x.strides()[size_t(axis)]);

  Strides strides{};
  int end = shape.rank();  // new axes [end, rank) are done
  for (size_t last = from.size(); last > 0;) {
    size_t first = last - 1;
    int64_t held = from[first].first, wanted = 1;
    int begin = end;
    while (wanted != held || begin == end) {
      if (wanted < held || begin == end) {
        if (begin == 0) return std::nullopt;
        wanted *= shape[--begin];
      } else {
        if (first == 0) return std::nullopt;
        --first;
        if (from[first].second != from[first + 1].second * from[first + 1].first) return std::nullopt;
        held *= from[first].first;
      }
    }
    int64_t step = from[last - 1].second;
    for (int axis = end - 1; axis >= begin; --axis) {
      strides[size_t(axis)] = step;
      step *= shape[axis];
    }
    end = begin;
    last = first;
  }
  return strides;  // axes left over have extent 1
}

}  // namespace

Tensor reshape(Tensor x, const Shape& shape) {
  FOVEA_CHECK(x, "reshape: operand is absent");
  FOVEA_CHECK(x.shape().elements() == shape.elements(), "reshape: ", x.shape(), " has ", x.shape().elements(),
              " elements, ", shape, " has ", shape.elements());
  expect_dtype("reshape", x, x.dtype());
  std::optional<Strides> strides = strides_without_copy(x, shape);
  if (!strides) {
    x = contiguous(x);
    strides = contiguous_strides(shape);
  }
  return x.graph->view(x, shape, *strides, 0,
                       {.grad = [from = x.shape()](Tensor dy) { return reshape(dy, from); }});
}

}  // namespace fovea
