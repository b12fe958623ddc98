#include "ops/copy.h"

namespace fovea {

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
       .grad = [](Outputs, Tensor dy) { return std::vector{dy}; }});
}

}  // namespace fovea
