#include "ops/broadcast.h"

namespace fovea {

Tensor bias(Tensor x, Tensor b) {
  x = dense("bias", x);
  b = dense("bias", b);
  const bool fits = b.shape().rank() == 1 && !x.shape().empty() && x.shape().back() == b.shape().back();
  FOVEA_CHECK(fits, "bias: ", b.shape(), " on the last axis of ", x.shape());
  const uint32_t count = uint32_t(x.shape().elements()), columns = uint32_t(b.shape().back());
  return x.graph->add({.op = "bias",
                       .inputs = {x, b},
                       .shape = x.shape(),
                       .launch = [=](Launch& k) { launch_broadcast(k, "add", {count, 1, columns}); },
                       .grad = [=](Outputs, Tensor dy) { return std::vector{dy, sum_to(dy, b.shape())}; },
                       .epilogue = Epilogue{Epilogue::Kind::bias, b}});
}

}  // namespace fovea
