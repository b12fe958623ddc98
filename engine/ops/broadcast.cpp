#include "ops/broadcast.h"

#include <algorithm>
#include <optional>

#include "shaders/common/elementwise.h"

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

// How the elements of b repeat in shape, when b's axes longer than 1 are neighbours of full extent.
std::optional<BroadcastParams> repetition(const Shape& b, const Shape& shape) {
  int last = 1;  // from the back, the axes [last, first] are b's own
  while (last <= shape.rank() && extent(b, last) == 1) ++last;
  int first = shape.rank();
  while (first >= last && extent(b, first) == 1) --first;
  BroadcastParams params{.count = uint32_t(shape.elements()), .inner = 1, .period = 1};
  for (int i = 1; i <= first; ++i) {
    (i < last ? params.inner : params.period) *= uint32_t(extent(shape, i));
    if (i >= last && extent(b, i) != extent(shape, i)) return std::nullopt;
  }
  return params;
}

}  // namespace

Broadcast broadcast(const char* op, Tensor a, Tensor b) {
  expect_dtype(op, a, DType::f32);
  expect_dtype(op, b, DType::f32);
  const Shape shape = common_shape(op, a.shape(), b.shape());
  if (a.shape() != shape) std::swap(a, b);
  if (a.shape() != shape) a = expand(a, shape);
  std::optional<BroadcastParams> params = repetition(b.shape(), shape);
  if (!params) {
    b = expand(b, shape);
    params = repetition(shape, shape);
  }
  return {dense(op, a), dense(op, b), *params};
}

void launch_broadcast(Launch& k, const char* kernel, const BroadcastParams& params) {
  const bool repeats = params.period != params.count;
  k.dispatch({.kernel = kernel,
              .constants = {lanes(k), repeats},
              .groups = elements(k, params.count, kSteps),
              .reads = {k.in(0), k.in(1)},
              .writes = {k.out()}},
             params);
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
