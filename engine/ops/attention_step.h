// Attention of one decoding step: one new query a row.
#pragma once

#include "fovea/ops.hpp"
#include "ops/step_state.h"

namespace fovea {

struct AttentionStep {
  Tensor out;      // (rows, width)
  Tensor weights;  // (rows, heads, keys)
};
struct StepHeads {
  int64_t count = 0;
  const State* relative = nullptr;  // (2, 2 reach + 1, head_dim), what distances add to keys and to values
  const State* additive = nullptr;  // (head_dim): scores are w . tanh(q + k); not with relative
};
// qkv: (rows, 3 width); cache: (2, rows, steps, width), to which this step's K and V are added.
AttentionStep attention_step(Tensor qkv, const StepState& search, State& cache, const StepHeads& heads);
// q: (rows, width); memory: (batch, keys, 2 width) of K and V; lengths: (batch).
AttentionStep attention_step(Tensor q, const StepState& search, Tensor memory, Tensor lengths,
                             const StepHeads& heads);

}  // namespace fovea
