#include "common/host.h"

// A tensor as (outer, extent, inner): what is reduced is extent.
struct SumColumnsParams {
  uint results;  // outer * inner
  uint extent;
  uint inner;
  uint part_rows;  // of the extent, for one lane
  float divisor;   // 1, or extent for a mean
};
