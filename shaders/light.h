#include "common/light.h"

struct LightParams {
  uint count;  // weights
  uint low;    // places of both ends in the sorted weights
  uint high;
};
