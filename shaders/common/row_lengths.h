// Which length a row of x (batch, .., m, n) goes by: lengths[batch], or lengths[batch, m].
#include "host.h"
#ifndef FOVEA_ROW_LENGTHS
#define FOVEA_ROW_LENGTHS

struct RowLengths {
  uint batch_rows;  // rows of one batch
  uint each;        // m, or 1 where a batch has one length
};

inline uint length_of_row(RowLengths l, uint row) { return row / l.batch_rows * l.each + row % l.each; }

#endif
