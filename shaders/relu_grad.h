#include "common/host.h"

struct ReluGradParams {
  uint count;
};
