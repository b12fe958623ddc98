#include "ops/broadcast.h"

#include <algorithm>
#include <optional>

namespace fovea {
namespace {

// Extent of an axis counted from the back; 1 in front of the first.
int64_t extent(const Shape& shape, int from_back) {
  return from_back <= shape.rank() ? shape[-from_back] : 1;
}

Shape common_shape(const char* op, const Shape& a, const Shape& b) {
  Shape shape = a.rank() >= b.rank() ? a : b;
  for (int i = 1; i <= shape.rank(); ++i) {
    const int64_t left = extent(a, i), right = extent(b, i);
    FOVEA_CHECK(left == right || left == 1 || right == 1, op, ": shapes do not broadcast: ", a, " and ", b);
    shape = shape.with(-i, std::max(left, right));
  }
  return shape;
}

// How the elements of x repeat in shape, when its axes longer than 1 are neighbours of full extent.
std::optional<Repeated> repetition(Tensor x, const Shape& shape) {
  int last = 1;  // from the back, the axes [last, first] are x's own
  while (last <= shape.rank() && extent(x.shape(), last) == 1) ++last;
  int first = shape.rank();
  while (first >= last && extent(x.shape(), first) == 1) --first;
  Repeated repeated{.x = x, .inner = 1, .period = 1, .repeats = x.shape().elements() != shape.elements()};
  for (int i = 1; i <= first; ++i) {
    (i < last ? repeated.inner : repeated.period) *= uint32_t(extent(shape, i));
    if (i >= last && extent(x.shape(), i) != extent(shape, i)) return std::nullopt;
  }
  return repeated;
}

}  // namespace

Broadcast broadcast(const char* op, const std::vector<Tensor>& operands) {
  for (const Tensor& x : operands) expect_dtype(op, x, DType::f32);
  Broadcast result{operands.front().shape(), {}};
  for (const Tensor& x : operands) result.shape = common_shape(op, result.shape, x.shape());
  for (const Tensor& x : operands) {
    const std::optional<Repeated> repeated = repetition(dense(op, x), result.shape);
    result.operands.push_back(repeated ? *repeated
                                       : *repetition(dense(op, expand(x, result.shape)), result.shape));
  }
  return result;
}

Tensor sum_to(Tensor dy, const Shape& shape) {
  const int missing = dy.shape().rank() - shape.rank();
  if (missing > 0) {
    // The missing axes lie in front: as one axis they take one sum.
    std::vector<int64_t> rest(dy.shape().begin() + missing, dy.shape().end());
    const Shape kept = Shape(rest);
    rest.insert(rest.begin(), int64_t(dy.shape().slice(0, missing).elements()));
    dy = reshape(sum(reshape(dy, Shape(rest)), 0), kept);
  }
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (dy.shape()[axis] != shape[axis]) dy = sum(dy, axis);
  return dy;
}

}  // namespace fovea
