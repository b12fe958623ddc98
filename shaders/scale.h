#include "common/host.h"

struct ScaleParams {
  uint count;
  float factor;
};
