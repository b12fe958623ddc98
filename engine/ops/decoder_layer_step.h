// A decoder layer of a narrow model in one dispatch, on CPU drivers.
#pragma once

#include "fovea/device.hpp"
#include "fovea/ops.hpp"
#include "ops/step_state.h"

namespace fovea {

struct DecoderLayerState {
  State weights;  // (n), in the order of shaders/decoder_layer_step.comp
  int64_t heads, hidden;
  Activation activation;
  bool norm_before;
  float eps;
};
bool has_decoder_layer_step(const Limits& limits, int64_t width, int64_t hidden);
// x: (rows, width) -> (rows, width); cache, memory and lengths as for attention_step.
Tensor decoder_layer_step(Tensor x, const StepState& search, const DecoderLayerState& layer, State& cache,
                          Tensor memory, Tensor lengths);

}  // namespace fovea
