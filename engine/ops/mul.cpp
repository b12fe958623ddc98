#include "ops/broadcast.h"

namespace fovea {

Tensor mul(Tensor a, Tensor b) {
  const auto [whole, repeated, params] = broadcast("mul", a, b);
  return a.graph->add({.op = "mul",
                       .inputs = {whole, repeated},
                       .shape = whole.shape(),
                       .launch = [params = params](Launch& k) { launch_broadcast(k, "mul", params); },
                       .grad =
                           [whole = whole, repeated = repeated](Outputs, Tensor dy) {
                             return std::vector{mul(dy, repeated), sum_to(mul(dy, whole), repeated.shape())};
                           }});
}

}  // namespace fovea
