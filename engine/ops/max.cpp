#include "ops/reduce.h"
#include "shaders/max.h"

namespace fovea {

Tensor max(Tensor x, int axis) {
  x = dense("max", x);
  const Reduction r = reduction("max", x.shape(), axis);
  return x.graph->add({.op = "max",
                       .detail = concat("axis ", axis),
                       .inputs = {x},
                       .shape = r.result,
                       .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "max",
                                     .constants = {lanes(k), r.across()},
                                     .groups = r.groups(k),
                                     .reads = {k.in()},
                                     .writes = {k.out()}},
                                    MaxParams{r.results, r.extent, r.inner});
                       }});
}

}  // namespace fovea
