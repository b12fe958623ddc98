#include "common/host.h"

// Lanes count through the axes, the last one fastest, and then through parts of the axis they walk.
struct ContiguousParams {
  uint lanes;       // in all
  uint walk;        // extent of the axis walked
  uint steps;       // of a lane along it, at most
  uint pace;        // of one step along it; more than 1: that axis is the last one, whose lanes share a step
  uint step_from;   // elements of a step in x
  uint step_to;     // and in y
  uint extents[6];  // of the axes, outermost first
  uint from[6];     // elements between neighbours in x
  uint to[6];       // and in y
};
