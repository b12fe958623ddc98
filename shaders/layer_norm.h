#include "common/host.h"

struct LayerNormParams {
  uint rows;
  uint columns;
  uint blocks;  // of kHeld quads a lane that a row takes
  float eps;
};
