// The state of a decoding step, as its ops see it: shaders/search.h says what lies where.
#pragma once

#include "fovea/graph.hpp"
#include "shaders/search.h"

namespace fovea {

// Hypotheses that are decoded together, a row each. Every step updates control and history in place, so that
// a recorded plan is replayed step after step.
struct StepState {
  int64_t rows() const { return int64_t(params.places) * params.beams; }  // that a step computes

  SearchParams params;
  State control, history;
};

}  // namespace fovea
