#include "shaders/log_prob.h"

#include "ops/shapes.h"

namespace fovea {

Tensor log_prob(Tensor x, Tensor ids) {
  x = dense("log_prob", x);
  ids = dense("log_prob", ids, DType::u32);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "log_prob: needs a last axis, got ", shape);
  const Shape leading = shape.slice(0, shape.rank() - 1);
  FOVEA_CHECK(ids.shape() == leading, "log_prob: ids ", ids.shape(), " for x ", shape, ", needs ", leading);
  const LogProbParams params{uint32_t(rows(shape)), uint32_t(shape.back())};
  return x.graph->add({.op = "log_prob", .inputs = {x, ids}, .shape = leading, .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "log_prob",
                                     .constants = {lanes(k)},
                                     .groups = k.rows(params.rows),
                                     .reads = {k.in(0), k.in(1)},
                                     .writes = {k.out()}},
                                    params);
                       }});
}

}  // namespace fovea
