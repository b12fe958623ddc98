#include "common/attention_strides.h"

struct AttentionParams {
  uint tokens;  // queries
  uint keys;
  float scale;
  AttentionStrides q;
  AttentionStrides k;
  AttentionStrides v;
  AttentionStrides bias;  // 0: broadcast
};
