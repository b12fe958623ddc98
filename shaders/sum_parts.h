#include "common/host.h"

struct SumPartsParams {
  uint results;
  uint parts;
  float divisor;  // as SumColumnsParams
};
