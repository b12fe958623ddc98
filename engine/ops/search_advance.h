// search_advance: the end of sample_step and beam_step.
#pragma once

#include "ops/shapes.h"
#include "shaders/search_advance.h"

namespace fovea {

// Outputs of the node: control, then (1) how many sentences are unfinished.
inline void search_advance(Launch& k, const SearchParams& search) {
  k.dispatch({.kernel = "search_advance",
              .constants = {lanes(k)},
              .groups = {1},
              .reads = {},
              .writes = {k.out(0), k.out(1)}},
             SearchAdvanceParams{search});
}

}  // namespace fovea
