#include "common/host.h"

// x as (outer, from), y as (outer, to); row by row, x lies from `before` on.
struct PadParams {
  uint count;   // elements of y
  uint from;    // elements of a row of x
  uint to;      // and of y
  uint before;  // zeros in front of them
};
