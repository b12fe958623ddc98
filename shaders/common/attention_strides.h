#include "host.h"
#ifndef FOVEA_ATTENTION_STRIDES
#define FOVEA_ATTENTION_STRIDES

// In elements, from batch to batch, head to head and token to token; head_dim lies without gaps.
struct AttentionStrides {
  uint batch;
  uint head;
  uint token;
};

#endif
