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
                     .groups = k.rows(at.table.segments),
                     .constants = {{"kDecoupled", rules.decoupled}},
                     .reads = {{"table", at.table.place}, {"control", at.control}, {"norm", at.norm}},
                     .writes = {{"first", at.moments[0]}, {"second", at.moments[1]}},
                     .behind = at.table.behind},
                    AdamParams{at.table.segments, rules.beta1, rules.beta2, rules.eps, rules.decay, clip});
              }});
}

}  // namespace fovea
