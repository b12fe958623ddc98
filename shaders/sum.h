#include "common/host.h"

// A tensor as (outer, extent, inner): what is reduced is extent.
struct SumParams {
  uint results;  // outer * inner
  uint extent;
  uint inner;
  float divisor;  // 1, or extent for a mean
};
