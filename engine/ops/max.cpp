#include "shaders/max.h"

#include "ops/reduce.h"
#include "shaders/max_grad.h"

namespace fovea {
namespace {

Tensor max_grad(Tensor x, Tensor y, Tensor dy, const Reduction& r) {
  dy = dense("max", dy);
  return x.graph->add({.op = "max_grad", .inputs = {x, y, dy}, .shape = x.shape(), .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "max_grad",
                                     .groups = r.groups(k),
                                     .constants = {{"kAcross", r.across()}},
                                     .reads = {{"x", k.in(0)}, {"y", k.in(1)}, {"dy", k.in(2)}},
                                     .writes = {{"dx", k.out()}}},
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
                                         .groups = r.groups(k),
                                         .constants = {{"kAcross", r.across()}},
                                         .reads = {{"x", k.in()}},
                                         .writes = {{"y", k.out()}}},
                                        MaxParams{r.results, r.extent, r.inner});
                           },
                       .grad = [=](Outputs y, Tensor dy) { return std::vector{max_grad(x, y[0], dy, r)}; }});
}

}  // namespace fovea
