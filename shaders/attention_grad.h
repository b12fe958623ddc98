#include "common/attention_strides.h"

struct AttentionGradParams {
  uint tokens;  // queries
  uint keys;
  float scale;
  AttentionStrides q;
  AttentionStrides kv;    // of keys and of values
  AttentionStrides bias;  // 0: broadcast
};
