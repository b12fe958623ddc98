#include "common/host.h"

struct UnaryParams {
  uint count;
};
