// Tensors of many sizes under one dispatch: a table of segments, a workgroup for each.
#include "host.h"

const uint kSegment = 2048;  // elements at most

struct Segment {
  uint parameter_low;  // addresses of its first elements, in halves
  uint parameter_high;
  uint gradient_low;
  uint gradient_high;
  uint first;  // its place in memory that all tensors share, in elements
  uint count;
};
