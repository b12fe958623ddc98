#include "ops/shapes.h"
#include "shaders/common/elementwise.h"
#include "shaders/relu.h"

namespace fovea {

Tensor relu(Tensor x) {
  x = dense("relu", x);
  const uint32_t count = uint32_t(x.shape().elements());
  return x.graph->add({.op = "relu",
                       .inputs = {x},
                       .shape = x.shape(),
                       .launch =
                           [=](Launch& k) {
                             k.dispatch({.kernel = "relu",
                                         .constants = {lanes(k)},
                                         .groups = elements(k, count, kSteps),
                                         .reads = {k.in()},
                                         .writes = {k.out()}},
                                        ReluParams{count});
                           },
                       .epilogue = Epilogue{Epilogue::Kind::relu}});
}

}  // namespace fovea
