#include "common/attention_strides.h"

struct AttentionWeightsParams {
  uint tokens;
  uint keys;
  float scale;
  AttentionStrides q;
  AttentionStrides k;
  AttentionStrides bias;
  uint heads;       // of q
  uint first_head;  // of those written
  uint first_row;
  uint rows;
};
