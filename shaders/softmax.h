#include "common/host.h"
#include "common/row_lengths.h"

struct SoftmaxParams {
  uint rows;
  uint columns;
  uint queries;  // of causal rows: row r is query r mod queries
  float scale;
  RowLengths lengths;
};
