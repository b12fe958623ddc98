#include "common/host.h"
#include "common/row_lengths.h"

struct SoftmaxParams {
  uint rows;
  uint columns;
  float scale;
  RowLengths lengths;
};
