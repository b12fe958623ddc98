#include "shaders/gelu.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"
#include "shaders/gelu_grad.h"

namespace fovea {
namespace {

Tensor gelu_grad(Tensor x, Tensor dy, bool with_tanh) {
  dy = dense("gelu", dy);
  const uint32_t count = uint32_t(x.shape().elements());
  return x.graph->add({.op = "gelu_grad",
                       .detail = with_tanh ? "tanh" : "erf",
                       .inputs = {x, dy},
                       .shape = x.shape(),
                       .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "gelu_grad",
                                     .constants = {lanes(k), with_tanh},
                                     .groups = elements(k, count, kSteps),
                                     .reads = {k.in(0), k.in(1)},
                                     .writes = {k.out()}},
                                    GeluGradParams{count});
                       }});
}

}  // namespace

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
                       .grad = [=](Outputs, Tensor dy) { return std::vector{gelu_grad(x, dy, with_tanh)}; },
                       .epilogue = Epilogue{with_tanh ? Epilogue::Kind::gelu_tanh : Epilogue::Kind::gelu}});
}

}  // namespace fovea
