#include "shaders/sgd.h"

#include "train/update_node.h"

namespace fovea {

void sgd(const std::vector<Updated>& updated, const UpdateInputs& inputs, State& moment,
         const SgdRules& rules) {
  add_update({.op = "sgd",
              .updated = updated,
              .inputs = inputs,
              .moments = {&moment},
              .launch = [rules, clip = inputs.clip](Launch& k, const UpdateSpans& at) {
                k.dispatch({.kernel = "sgd",
                            .groups = k.rows(at.table.segments),
                            .constants = {{"kNesterov", rules.nesterov}},
                            .reads = {{"table", at.table.place}, {"control", at.control}, {"norm", at.norm}},
                            .writes = {{"moment", at.moments[0]}},
                            .behind = at.table.behind},
                           SgdParams{at.table.segments, rules.momentum, rules.decay, clip});
              }});
}

}  // namespace fovea
