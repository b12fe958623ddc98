#include "common/host.h"

struct OneHotParams {
  uint count;
  uint columns;
};
