#include "common/host.h"

struct EmbeddingGradParams {
  uint count;  // positions
  uint vocab;
  uint width;
};
