#include "common/host.h"

struct GlobalNormParams {
  uint segments;
};
