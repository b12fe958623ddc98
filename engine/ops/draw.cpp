#include "shaders/draw.h"

#include "ops/random.h"

namespace fovea {

Tensor draw(Tensor weights, const State& generator) {
  weights = dense("draw", weights);
  const Shape shape = weights.shape();
  FOVEA_CHECK(!shape.empty(), "draw: needs a last axis, got ", shape);
  expect_generator("draw", generator);
  const DrawParams params{uint32_t(rows(shape)), uint32_t(shape.back()),
                          uint32_t(weights.graph->nodes().size())};
  return weights.graph->add({.op = "draw",
                             .detail = concat("stream ", params.stream),
                             .inputs = {weights, weights.graph->use(generator, "generator")},
                             .shape = shape.slice(0, shape.rank() - 1),
                             .dtype = DType::u32,
                             .launch = [=](Launch& k) {
                               k.dispatch({.kernel = "draw",
                                           .groups = elements(k, params.rows, 1),
                                           .reads = {{"weights", k.in(0)}, {"generator", k.in(1)}},
                                           .writes = {{"y", k.out()}}},
                                          params);
                             }});
}

}  // namespace fovea
