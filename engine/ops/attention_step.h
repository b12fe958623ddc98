// Attention of one decoding step: one new query a row.
#pragma once

#include "fovea/ops.hpp"
#include "ops/step_state.h"

namespace fovea {

struct AttentionStep {
  Tensor out;      // (rows, width)
  Tensor weights;  // (rows, heads, keys)
};
// qkv: (rows, 3 width); cache: (2, rows, steps, width), to which this step's K and V are added.
// relative: (2, 2 reach + 1, head_dim), what distances add to keys and to values.
AttentionStep attention_step(Tensor qkv, const StepState& search, State& cache, int64_t heads,
                             const State* relative = nullptr);
// q: (rows, width); memory: (batch, keys, 2 width) of K and V; lengths: (batch).
AttentionStep attention_step(Tensor q, const StepState& search, Tensor memory, Tensor lengths, int64_t heads);

}  // namespace fovea
