#include "shaders/relu.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"
#include "shaders/relu_grad.h"

namespace fovea {
namespace {

Tensor relu_grad(Tensor y, Tensor dy) {
  dy = dense("relu", dy);
  const uint32_t count = uint32_t(y.shape().elements());
  return y.graph->add({.op = "relu_grad", .inputs = {y, dy}, .shape = y.shape(), .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "relu_grad",
                                     .constants = {lanes(k)},
                                     .groups = elements(k, count, kSteps),
                                     .reads = {k.in(0), k.in(1)},
                                     .writes = {k.out()}},
                                    ReluGradParams{count});
                       }});
}

}  // namespace

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
                       .grad = [](Outputs y, Tensor dy) { return std::vector{relu_grad(y[0], dy)}; },
                       .epilogue = Epilogue{Epilogue::Kind::relu}});
}

}  // namespace fovea
