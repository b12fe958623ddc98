#include "shaders/light.h"

#include "core/light.h"
#include "ops/shapes.h"
#include "ops/texels.h"

namespace fovea {

Tensor light(Tensor map) {
  map = dense("light", map);
  const Shape shape = map.shape();
  FOVEA_CHECK(shape.rank() == 2, "light: needs (rows, columns), got ", shape);
  const LightEnds ends = light_ends(shape.elements());
  const LightParams params{
      .count = uint32_t(shape.elements()), .low = uint32_t(ends.low), .high = uint32_t(ends.high)};
  return map.graph->add({.op = "light",
                         .inputs = {map},
                         .shape = shape,
                         .more = {{.shape = {2}}},  // of light_ends
                         .launch = [=](Launch& k) {
                           const Groups groups = elements(k, params.count, 1);
                           k.dispatch({.kernel = "light_ends",
                                       .groups = groups,
                                       .reads = {{"x", k.in()}},
                                       .writes = {{"ends", k.out(1)}}},
                                      params);
                           k.dispatch({.kernel = "light",
                                       .groups = groups,
                                       .reads = {{"x", k.in()}, {"ends", k.out(1)}},
                                       .writes = {{"y", k.out()}}},
                                      params);
                         }});
}

}  // namespace fovea
