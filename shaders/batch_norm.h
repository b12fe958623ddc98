#include "common/host.h"
#ifndef FOVEA_BATCH_NORM
#define FOVEA_BATCH_NORM

// x: (batch, channels, inner).
struct BatchNormParams {
  uint batch;
  uint channels;
  uint inner;
  uint images;  // of the batch that a part has
  float eps;
  float momentum;  // of running statistics
  float share;  // of one element in the mean that is subtracted: 1 / (batch * inner); 0: that mean is fixed
};

#endif
