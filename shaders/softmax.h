#include "common/host.h"

struct SoftmaxParams {
  uint rows;
  uint columns;
  uint rows_per_length;  // rows of one batch
  float scale;
};
