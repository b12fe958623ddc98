#include "common/host.h"

struct LogProbGradParams {
  uint rows;
  uint columns;
};
