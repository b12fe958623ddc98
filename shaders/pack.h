#include "common/host.h"

struct PackParams {
  uint k;
  uint n;
  uint batch_stride;  // of b, in elements
  uint row_stride;
  uint column_stride;
};
