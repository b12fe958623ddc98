// What gru and lstm share: their operands, and how a device takes their steps.
#pragma once

#include "ops/shapes.h"
#include "shaders/common/recurrence.h"

namespace fovea {

// The operands of a cell with `gates` gates, checked and without gaps.
struct CellOperands {
  Tensor x;       // (steps, batch, gates * width)
  Tensor weight;  // (gates * width, width) in rows, or absent where it came in panels
  Tensor panels;  // (width, gates * width)
  Tensor bias;    // (gates * width)
  Tensor lengths;
  RecurrenceParams params;

  Shape of(int64_t steps, int64_t gates) const {
    return {steps, int64_t(params.batch), gates * int64_t(params.width)};
  }
};
CellOperands cell_operands(const char* op, Tensor x, Tensor weight, Tensor bias, int64_t gates,
                           const RecurrentOptions& options);
// A state that a sequence may begin with: (batch, width).
Tensor start_operand(const char* op, Tensor start, const RecurrenceParams& params);

// The gradients of weight and bias from that of W h + b, dh (steps, batch, gates * width), and the states
// before (steps, batch, width). An Error where the weight came in panels.
struct CellGradients {
  Tensor weight, bias;
};
CellGradients cell_gradients(const char* op, const CellOperands& operands, Tensor dh, Tensor before);

// Dispatches `steps` steps of shaders/<kernel>.comp: on CPU drivers all at once by a variant of
// <kernel>_sequence, else one by one.
void launch_steps(Launch& k, const std::string& kernel, uint32_t steps, RecurrenceParams params,
                  const Dispatch& operands);

}  // namespace fovea
