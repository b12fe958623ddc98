#include "common/host.h"

struct ReluParams {
  uint count;
};
