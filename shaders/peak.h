#include "common/host.h"

struct PeakParams {
  uint iterations;
  float factor;
};
