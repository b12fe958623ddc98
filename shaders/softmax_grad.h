#include "common/host.h"

struct SoftmaxGradParams {
  uint rows;
  uint columns;
  float scale;  // softmax's own
};
