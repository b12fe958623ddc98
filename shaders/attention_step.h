#include "common/host.h"
#include "search.h"

struct AttentionStepParams {
  uint heads;
  uint head_dim;
  uint keys;   // extent of weights: at most this many are seen
  uint reach;  // of relative positions
  uint batch;
  uint beams;
  uint steps;
};
