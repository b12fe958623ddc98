#include "common/host.h"

struct DropoutParams {
  uint count;
  uint stream;     // tells the dropouts of a graph apart
  uint threshold;  // words from it on keep their element
  float factor;    // of kept elements
};
