#include "common/host.h"

struct BlendParams {
  uint segments;
  float keep;  // of what was there
  float take;  // of the tensors
};
