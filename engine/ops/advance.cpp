#include "ops/random.h"

namespace fovea {

Tensor advance(Graph& graph, State& generator) {
  expect_generator("advance", generator);
  return graph.add({.op = "advance",
                    .shape = generator.shape(),
                    .dtype = DType::u32,
                    .target = &generator,
                    .launch = [](Launch& k) {
                      k.dispatch({.kernel = "advance", .lanes = 1, .writes = {{"generator", k.out()}}});
                    }});
}

}  // namespace fovea
