#include "common/host.h"

struct MatmulParams {
  uint m;
  uint n;
  uint k;
  uint a_batch;  // strides of a, in elements
  uint a_row;
  uint a_column;
  uint b_batch;  // elements between the panels of two matrices; 0: all use the same
};
