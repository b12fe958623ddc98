#include "common/host.h"
#ifndef FOVEA_POOL2D
#define FOVEA_POOL2D

// Windows over images: x (planes, from_y, from_x), y (planes, to_y, to_x).
struct Pool2dParams {
  uint planes;
  uint from_x;
  uint from_y;
  uint to_x;
  uint to_y;
  uint kernel_x;
  uint kernel_y;
  uint stride_x;
  uint stride_y;
  uint padding_x;
  uint padding_y;
  uint band;  // rows of the result that a workgroup makes
};

#endif
