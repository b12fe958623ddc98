#include "common/host.h"

struct LayerNormGradParams {
  uint rows;
  uint columns;
  float eps;
  uint part_rows;  // that one workgroup adds up for the gradients of weight and bias
};
