#include "common/host.h"

struct AdvanceParams {
  uint at;  // of the step's lower word
};
