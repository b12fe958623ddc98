#include "shaders/argmax.h"

#include "ops/shapes.h"

namespace fovea {

Tensor argmax(Tensor x) {
  x = dense("argmax", x);
  const Shape shape = x.shape();
  FOVEA_CHECK(!shape.empty(), "argmax: needs a last axis, got ", shape);
  const ArgmaxParams params{uint32_t(rows(shape)), uint32_t(shape.back())};
  return x.graph->add({.op = "argmax",
                       .inputs = {x},
                       .shape = shape.slice(0, shape.rank() - 1),
                       .dtype = DType::u32,
                       .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "argmax",
                                     .groups = k.rows(params.rows),
                                     .reads = {{"x", k.in()}},
                                     .writes = {{"y", k.out()}}},
                                    params);
                       }});
}

}  // namespace fovea
