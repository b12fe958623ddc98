#include "shaders/one_hot.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"

namespace fovea {

Tensor one_hot(Tensor ids, int64_t n) {
  ids = dense("one_hot", ids, DType::u32);
  FOVEA_CHECK(n >= 1, "one_hot: ", n, " columns, needs 1 or more");
  const Shape shape = ids.shape().appended(n);
  const OneHotParams params{uint32_t(shape.elements()), uint32_t(n)};
  return ids.graph->add({.op = "one_hot", .inputs = {ids}, .shape = shape, .launch = [=](Launch& k) {
                           k.dispatch({.kernel = "one_hot",
                                       .groups = elements(k, params.count, kSteps),
                                       .reads = {{"ids", k.in()}},
                                       .writes = {{"y", k.out()}}},
                                      params);
                         }});
}

}  // namespace fovea
