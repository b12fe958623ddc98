#include "shaders/where.h"

#include "ops/broadcast.h"
#include "shaders/common/elementwise.h"

namespace fovea {

Tensor where(Tensor condition, Tensor a, Tensor b) {
  const Broadcast broad = broadcast("where", {condition, a, b});
  const Repeated choice = broad.operands[0], left = broad.operands[1], right = broad.operands[2];
  const WhereParams params{uint32_t(broad.shape.elements()),
                           choice.inner,
                           choice.period,
                           left.inner,
                           left.period,
                           right.inner,
                           right.period};
  return condition.graph->add(
      {.op = "where",
       .inputs = {choice.x, left.x, right.x},
       .shape = broad.shape,
       .launch =
           [=](Launch& k) {
             k.dispatch({.kernel = "where",
                         .groups = elements(k, params.count, kSteps),
                         .constants = {{"kRepeatsCondition", choice.repeats},
                                       {"kRepeatsA", left.repeats},
                                       {"kRepeatsB", right.repeats}},
                         .reads = {{"condition", k.in(0)}, {"a", k.in(1)}, {"b", k.in(2)}},
                         .writes = {{"y", k.out()}}},
                        params);
           },
       .grad =
           [=](Outputs, Tensor dy) {
             const Tensor zero = fill(*dy.graph, {}, 0);
             return std::vector{Tensor(), sum_to(where(choice.x, dy, zero), left.x.shape()),
                                sum_to(where(choice.x, zero, dy), right.x.shape())};
           }});
}

}  // namespace fovea
