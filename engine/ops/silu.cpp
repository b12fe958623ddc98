#include "shaders/silu.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"
#include "shaders/silu_grad.h"

namespace fovea {
namespace {

Tensor silu_grad(Tensor x, Tensor dy) {
  dy = dense("silu", dy);
  const uint32_t count = uint32_t(x.shape().elements());
  return x.graph->add({.op = "silu_grad", .inputs = {x, dy}, .shape = x.shape(), .launch = [=](Launch& k) {
                         k.dispatch({.kernel = "silu_grad",
                                     .constants = {lanes(k)},
                                     .groups = elements(k, count, kSteps),
                                     .reads = {k.in(0), k.in(1)},
                                     .writes = {k.out()}},
                                    SiluGradParams{count});
                       }});
}

}  // namespace

Tensor silu(Tensor x) {
  x = dense("silu", x);
  const uint32_t count = uint32_t(x.shape().elements());
  return x.graph->add({.op = "silu",
                       .inputs = {x},
                       .shape = x.shape(),
                       .launch =
                           [=](Launch& k) {
                             k.dispatch({.kernel = "silu",
                                         .constants = {lanes(k)},
                                         .groups = elements(k, count, kSteps),
                                         .reads = {k.in()},
                                         .writes = {k.out()}},
                                        SiluParams{count});
                           },
                       .grad = [=](Outputs, Tensor dy) { return std::vector{silu_grad(x, dy)}; },
                       .epilogue = Epilogue{Epilogue::Kind::silu}});
}

}  // namespace fovea
