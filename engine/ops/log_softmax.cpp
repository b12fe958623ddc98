#include "shaders/log_softmax.h"

#include "ops/shapes.h"

namespace fovea {

Tensor log_softmax(Tensor x) {
  x = dense("log_softmax", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "log_softmax: needs a last axis, got ", shape);
  const LogSoftmaxParams params{uint32_t(rows(shape)), uint32_t(shape.back())};
  return x.graph->add({.op = "log_softmax",
                       .inputs = {x},
                       .shape = shape,
                       .launch =
                           [=](Launch& k) {
                             k.dispatch({.kernel = "log_softmax",
                                         .groups = k.rows(params.rows),
                                         .reads = {{"x", k.in()}},
                                         .writes = {{"y", k.out()}}},
                                        params);
                           },
                       .grad =
                           [=](Outputs, Tensor dy) {
                             const Tensor shared = mul(softmax(x), sum(dy));  // what the sum hands back
                             return std::vector{add(dy, scale(shared, -1))};
                           }});
}

}  // namespace fovea
