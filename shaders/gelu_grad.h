#include "common/host.h"

struct GeluGradParams {
  uint count;
};
