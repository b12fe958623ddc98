#include "common/host.h"

struct LogProbParams {
  uint rows;
  uint columns;
};
