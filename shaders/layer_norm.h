#include "common/host.h"

struct LayerNormParams {
  uint rows;
  uint columns;
  float eps;
};

#ifndef __cplusplus
// A variance beyond fp32 would make finite zeros of its row: it makes NaN.
float row_factor(float variance, float eps) {
  return is_finite(variance) ? 1 / sqrt(variance + eps) : uintBitsToFloat(0x7fc00000u);
}
#endif
