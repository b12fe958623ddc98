#include "common/host.h"

struct GeluParams {
  uint count;
};
