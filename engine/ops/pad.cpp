#include "shaders/pad.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"

namespace fovea {

Tensor pad(Tensor x, int axis, int64_t before, int64_t after) {
  x = dense("pad", x, x ? x.dtype() : DType::f32);
  axis = normal_axis("pad", axis, x.shape().rank());
  FOVEA_CHECK(before >= 0 && after >= 0, "pad: ", before, " before and ", after, " after axis ", axis, " of ",
              x.shape(), " must not be below 0");
  if (before == 0 && after == 0) return x;
  const int64_t extent = x.shape()[axis];
  const Shape shape = x.shape().with(axis, extent + before + after);
  const uint32_t inner = uint32_t(shape.slice(axis + 1, shape.rank()).elements());
  const PadParams params{.count = uint32_t(shape.elements()),
                         .from = uint32_t(extent) * inner,
                         .to = uint32_t(shape[axis]) * inner,
                         .before = uint32_t(before) * inner};
  return x.graph->add(
      {.op = "pad",
       .detail = concat("axis ", axis, ": ", before, " before, ", after, " after"),
       .inputs = {x},
       .shape = shape,
       .dtype = x.dtype(),
       .launch =
           [=](Launch& k) {
             k.dispatch({.kernel = "pad",
                         .groups = elements(k, params.count, kSteps),
                         .reads = {{"x", k.in()}},
                         .writes = {{"y", k.out()}}},
                        params);
           },
       .grad = [=](Outputs, Tensor dy) { return std::vector{slice(dy, axis, before, extent)}; }});
}

}  // namespace fovea
