#include "common/host.h"

struct SparsemaxGradParams {
  uint rows;
  uint columns;
};
