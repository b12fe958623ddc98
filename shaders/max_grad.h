#include "common/host.h"

// As MaxParams.
struct MaxGradParams {
  uint results;
  uint extent;
  uint inner;
};
