#include "common/host.h"

struct RecordStepParams {
  uint rows;
  uint steps;
  uint columns;
};
