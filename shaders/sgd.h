#include "common/host.h"

struct SgdParams {
  uint segments;
  float momentum;
  float decay;
  float clip;  // largest norm of all gradients; 0: any
};
