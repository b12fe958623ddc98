#include "ops/shapes.h"
#include "shaders/common/elementwise.h"
#include "shaders/gelu.h"

namespace fovea {

Tensor gelu(Tensor x, Gelu kind) {
  x = dense("gelu", x);
  const uint32_t count = uint32_t(x.shape().elements());
  const bool with_tanh = kind == Gelu::tanh;
  return x.graph->add({.op = "gelu",
                       .detail = with_tanh ? "tanh" : "erf",
                       .inputs = {x},
                       .shape = x.shape(),
                       .launch =
                           [=](Launch& k) {
                             k.dispatch({.kernel = "gelu",
                                         .constants = {lanes(k), with_tanh},
                                         .groups = elements(k, count, kSteps),
                                         .reads = {k.in()},
                                         .writes = {k.out()}},
                                        GeluParams{count});
                           },
                       .epilogue = Epilogue{with_tanh ? Epilogue::Kind::gelu_tanh : Epilogue::Kind::gelu}});
}

}  // namespace fovea
