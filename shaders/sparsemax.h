#include "common/host.h"
#include "common/row_lengths.h"

struct SparsemaxParams {
  uint rows;
  uint columns;
  RowLengths lengths;
};
