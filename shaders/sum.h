#include "common/host.h"

struct SumParams {
  uint results;
  uint extent;
  float divisor;  // 1, or extent for a mean
};
