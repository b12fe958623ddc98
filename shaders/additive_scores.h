#include "common/host.h"

// Distances in elements between neighbours along an axis; rows lie without gaps.
struct AdditiveStrides {
  uint batch, row;
};

struct AdditiveScoresParams {
  uint batch;
  uint queries;
  uint keys;
  uint hidden;
  AdditiveStrides q;
  AdditiveStrides k;
};

struct AdditiveScoresGradParams {
  uint batch;
  uint rows;    // of own: queries, or keys
  uint others;  // the other of the two
  uint hidden;
  AdditiveStrides own;
  AdditiveStrides other;
  AdditiveStrides dy;  // from row to row of own
  uint dy_column;      // from one of the others to the next
};
