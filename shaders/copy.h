#include "common/host.h"

struct CopyParams {
  uint quads;  // of a workgroup, a multiple of 4 x its lanes
};
