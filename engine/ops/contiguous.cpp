#include "ops/copy.h"

namespace fovea {

void copy_strided(Launch& k, const Span& from, const Strides& from_strides, const Span& to,
                  const Strides& to_strides, const Shape& shape) {
  ContiguousParams params{.count = uint32_t(shape.elements())};
  const int missing = Shape::kMaxRank - shape.rank();
  for (int axis = 0; axis < Shape::kMaxRank; ++axis) {
    const bool real = axis >= missing;
    params.extents[axis] = real ? uint32_t(shape[axis - missing]) : 1;
    params.from[axis] = real ? uint32_t(from_strides[size_t(axis - missing)]) : 0;
    params.to[axis] = real ? uint32_t(to_strides[size_t(axis - missing)]) : 0;
  }
  k.dispatch({.kernel = "contiguous",
              .constants = {lanes(k)},
              .groups = elements(k, params.count, kSteps),
              .reads = {from},
              .writes = {to}},
             params);
}

Tensor contiguous(Tensor x) {
  FOVEA_CHECK(x, "contiguous: operand is absent");
  return x.contiguous() ? x : dense_copy(x);
}

Tensor dense_copy(Tensor x) {
  const Shape shape = x.shape();
  const Strides from = x.strides();
  return x.graph->add(
      {.op = "contiguous",
       .inputs = {x},
       .shape = shape,
       .dtype = x.dtype(),
       .launch = [=](Launch& k) { copy_strided(k, k.in(), from, k.out(), contiguous_strides(shape), shape); },
       .grad = [](Tensor, Tensor dy) { return std::vector{dy}; }});
}

}  // namespace fovea
