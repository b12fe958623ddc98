#include "common/host.h"

struct AdamParams {
  uint segments;
  float beta1;
  float beta2;
  float eps;
  float decay;
  float clip;  // largest norm of all gradients; 0: any
};
