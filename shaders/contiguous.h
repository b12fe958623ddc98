#include "common/host.h"

struct ContiguousParams {
  uint count;
  uint extents[6];  // of y, outermost first; axes in front are 1
  uint from[6];     // elements between neighbours in x
  uint to[6];       // and in y
};
