#include "common/host.h"

struct LayerNormParams {
  uint rows;
  uint columns;
  float eps;
};
