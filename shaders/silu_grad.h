#include "common/host.h"

struct SiluGradParams {
  uint count;
};
