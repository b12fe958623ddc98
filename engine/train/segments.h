// The table of segments (shaders/common/segments.h) that updates work through.
#pragma once

#include "graph/launch.h"
#include "shaders/common/segments.h"

namespace fovea {

// A tensor of an update: where it and its gradient lie, either may be absent.
struct Whole {
  Span parameter, gradient;
  int64_t first = 0;  // its place in shared memory
};

struct SegmentTable {
  Span place;
  uint32_t segments;
  std::vector<Span> behind;  // all that the table leads to
};
SegmentTable segment_table(Launch& k, const std::vector<Whole>& wholes);

uint32_t segment_count(const std::vector<uint64_t>& elements);  // that tensors of these sizes are cut into

}  // namespace fovea
