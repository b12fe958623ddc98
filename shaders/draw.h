#include "common/host.h"

struct DrawParams {
  uint rows;
  uint columns;
  uint stream;  // tells the draws of a graph apart
};
