#include "shaders/dropout.h"

#include <cmath>

#include "ops/random.h"
#include "shaders/common/elementwise.h"

namespace fovea {
namespace {

Tensor dropped(Tensor x, Tensor generator, const DropoutParams& params) {
  return x.graph->add({.op = "dropout",
                       .detail = concat("kept x ", params.factor, ", stream ", params.stream),
                       .inputs = {x, generator},
                       .shape = x.shape(),
                       .launch =
                           [=](Launch& k) {
                             k.dispatch({.kernel = "dropout",
                                         .groups = elements(k, params.count, kSteps),
                                         .reads = {{"x", k.in(0)}, {"generator", k.in(1)}},
                                         .writes = {{"y", k.out()}}},
                                        params);
                           },
                       .grad = [=](Outputs, Tensor dy) {  // the same elements
                         return std::vector{dropped(dense("dropout", dy), generator, params), Tensor()};
                       }});
}

}  // namespace

Tensor dropout(Tensor x, float rate, const State& generator) {
  x = dense("dropout", x);
  FOVEA_CHECK(rate >= 0 && rate < 1, "dropout: rate ", rate, " must be in [0, 1)");
  expect_generator("dropout", generator);
  if (rate == 0) return x;
  const DropoutParams params{.count = uint32_t(x.shape().elements()),
                             .stream = uint32_t(x.graph->nodes().size()),
                             .threshold = uint32_t(std::ceil(double(rate) * 0x1p32)),
                             .factor = float(1 / (1 - double(rate)))};
  return dropped(x, x.graph->use(generator, "generator"), params);
}

}  // namespace fovea
