#include "shaders/advance.h"

#include "ops/random.h"

namespace fovea {

Tensor advance(Graph& graph, State& generator) {
  expect_generator("advance", generator);
  return graph.add({.op = "advance",
                    .shape = generator.shape(),
                    .dtype = DType::u32,
                    .target = &generator,
                    .launch = [](Launch& k) {
                      k.dispatch(
                          {.kernel = "advance", .constants = {1}, .groups = {1, 1, 1}, .writes = {k.out()}},
                          AdvanceParams{kStepAt});
                    }});
}

}  // namespace fovea
