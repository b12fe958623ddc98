#include "shaders/silu.h"

#include "ops/shapes.h"
#include "shaders/common/elementwise.h"

namespace fovea {

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
                       .epilogue = Epilogue{Epilogue::Kind::silu}});
}

}  // namespace fovea
