// The node that adam and sgd share: parameters and moments in place, one dispatch over all of them.
#pragma once

#include <string>

#include "train/segments.h"
#include "train/updates.h"

namespace fovea {

struct UpdateSpans {
  SegmentTable table;
  Span control, norm;
  std::vector<Span> moments;
};

struct UpdateNode {
  const char* op;
  const std::vector<Updated>& updated;
  const UpdateInputs& inputs;
  std::vector<State*> moments;
  std::function<void(Launch&, const UpdateSpans&)> launch;
};
void add_update(const UpdateNode& node);

}  // namespace fovea
