#include "shaders/fill.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"

namespace fovea {

Tensor fill(Graph& graph, const Shape& shape, float value) {
  const FillParams params{uint32_t(shape.elements()), value};
  return graph.add(
      {.op = "fill", .detail = concat("with ", value), .shape = shape, .launch = [=](Launch& k) {
         k.dispatch(
             {.kernel = "fill", .groups = elements(k, params.count, kSteps), .writes = {{"y", k.out()}}},
             params);
       }});
}

}  // namespace fovea
