#include "common/host.h"

struct FillParams {
  uint count;
  float value;
};
