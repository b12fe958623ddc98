#include "ops/sum.h"

namespace fovea {

void launch_sum(Launch& k, const Reduction& r, float divisor) {
  k.dispatch({.kernel = "sum",
              .constants = {lanes(k), r.across()},
              .groups = r.groups(k),
              .reads = {k.in()},
              .writes = {k.out()}},
             SumParams{r.results, r.extent, r.inner, divisor});
}

Tensor sum(Tensor x, int axis) {
  x = dense("sum", x);
  const Shape shape = x.shape();
  const Reduction r = reduction("sum", shape, axis);
  return x.graph->add({.op = "sum",
                       .detail = concat("axis ", axis),
                       .inputs = {x},
                       .shape = r.result,
                       .launch = [=](Launch& k) { launch_sum(k, r, 1); },
                       .grad = [=](Tensor, Tensor dy) { return std::vector{expand(dy, shape)}; }});
}

}  // namespace fovea
