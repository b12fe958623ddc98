#include "common/host.h"
#include "search.h"

struct DecoderLayerStepParams {
  uint width;
  uint hidden;
  uint heads;
  uint keys;  // extent of the memory
  uint batch;
  uint beams;
  uint steps;
  float eps;
};
