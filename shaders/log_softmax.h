#include "common/host.h"

struct LogSoftmaxParams {
  uint rows;
  uint columns;
};
