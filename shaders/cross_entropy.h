#include "common/host.h"

struct CrossEntropyParams {
  uint rows;
  uint columns;
  uint ignored;     // id of rows that are not counted
  float smoothing;  // of the target, spread over all columns
};
