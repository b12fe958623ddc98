#include "common/host.h"

struct WhereParams {
  uint count;             // of y
  uint condition_inner;   // neighbours in y that share one element of the condition
  uint condition_period;  // elements of the condition
  uint a_inner;
  uint a_period;
  uint b_inner;
  uint b_period;
};
