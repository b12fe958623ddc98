#include "ops/sum.h"

namespace fovea {

Tensor mean(Tensor x, int axis) {
  x = dense("mean", x);
  const Shape shape = x.shape();
  const Reduction r = reduction("mean", shape, axis);
  return x.graph->add(
      {.op = "mean",
       .detail = concat("axis ", axis),
       .inputs = {x},
       .shape = r.result,
       .more = sum_parts(r),
       .launch = [=](Launch& k) { launch_sum(k, r, float(r.extent)); },
       .grad = [=](Outputs,
                   Tensor dy) { return std::vector{expand(scale(dy, 1 / float(r.extent)), shape)}; }});
}

}  // namespace fovea
