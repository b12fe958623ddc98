#include "shaders/scale.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"

namespace fovea {

Tensor scale(Tensor x, float factor) {
  x = dense("scale", x);
  const uint32_t count = uint32_t(x.shape().elements());
  return x.graph->add({.op = "scale",
                       .detail = concat("by ", factor),
                       .inputs = {x},
                       .shape = x.shape(),
                       .launch =
                           [=](Launch& k) {
                             k.dispatch({.kernel = "scale",
                                         .groups = elements(k, count, kSteps),
                                         .reads = {{"x", k.in()}},
                                         .writes = {{"y", k.out()}}},
                                        ScaleParams{count, factor});
                           },
                       .grad = [=](Outputs, Tensor dy) { return std::vector{scale(dy, factor)}; }});
}

}  // namespace fovea
