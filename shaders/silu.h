#include "common/host.h"

struct SiluParams {
  uint count;
};
