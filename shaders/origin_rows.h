#include "common/host.h"

struct OriginRowsParams {
  uint batch;
  uint beams;
  uint steps;
  uint columns;
};
