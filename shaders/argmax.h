#include "common/host.h"

struct ArgmaxParams {
  uint rows;
  uint columns;
};
