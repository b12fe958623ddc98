#include "shaders/max.h"

#include "ops/reduce.h"
#include "shaders/max_grad.h"

namespace fovea {
namespace {

Tensor max_grad(Tensor x, Tensor y, Tensor dy, const Reduction& r) {
  dy = dense("max", dy);
  return x.graph->add({.op = "max_grad", .inputs = {x, y, dy}, .shape = x.shape(), .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "max_grad",
                                     .constants = {lanes(k), r.across()},
                                     .groups = r.groups(k),
                                     .reads = {k.in(0), k.in(1), k.in(2)},
                                     .writes = {k.out()}},
                                    MaxGradParams{r.results, r.extent, r.inner});
                       }});
}

}  // namespace

Tensor max(Tensor x, int axis) {
  x = dense("max", x);
  const Reduction r = reduction("max", x.shape(), axis);
  return x.graph->add({.op = "max",
                       .detail = concat("axis ", axis),
                       .inputs = {x},
                       .shape = r.result,
                       .launch =
                           [=](Launch& k) {
                             k.dispatch({.kernel = "max",
                                         .constants = {lanes(k), r.across()},
                                         .groups = r.groups(k),
                                         .reads = {k.in()},
                                         .writes = {k.out()}},
                                        MaxParams{r.results, r.extent, r.inner});
                           },
                       .grad = [=](Outputs y, Tensor dy) { return std::vector{max_grad(x, y[0], dy, r)}; }});
}

}  // namespace fovea
