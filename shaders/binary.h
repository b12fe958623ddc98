#include "common/host.h"

struct BinaryParams {
  uint count;     // of y
  uint a_inner;   // neighbours in y that share one element of a
  uint a_period;  // elements of a
  uint b_inner;
  uint b_period;
};
