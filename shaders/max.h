#include "common/host.h"

// A tensor as (outer, extent, inner): what is reduced is extent.
struct MaxParams {
  uint results;  // outer * inner
  uint extent;
  uint inner;
};
