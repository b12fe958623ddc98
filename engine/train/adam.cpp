#include "shaders/adam.h"

#include "train/update_node.h"

namespace fovea {

void adam(const std::vector<Updated>& updated, const UpdateInputs& inputs, State& first, State& second,
          const AdamRules& rules) {
  add_update({.op = "adam",
              .updated = updated,
              .inputs = inputs,
              .moments = {&first, &second},
              .launch = [rules, clip = inputs.clip](Launch& k, const UpdateSpans& at) {
                k.dispatch(
                    {.kernel = "adam",
                     .constants = {lanes(k), rules.decoupled},
                     .groups = k.rows(at.table.segments),
                     .reads = {at.table.place, at.control, at.norm},
                     .writes = {at.moments[0], at.moments[1]},
                     .behind = at.table.behind},
                    AdamParams{at.table.segments, rules.beta1, rules.beta2, rules.eps, rules.decay, clip});
              }});
}

}  // namespace fovea
