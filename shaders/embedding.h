#include "common/host.h"

struct EmbeddingParams {
  uint count;  // ids
  uint vocab;
  uint width;
};
