#include "common/host.h"

struct TopKParams {
  uint rows;
  uint columns;
  uint k;
};
