#include "common/host.h"

struct RotaryParams {
  uint pairs;      // of x
  uint per_token;  // pairs of a token
  uint tokens;
  uint steps;  // that turns reaches beyond the tokens, 1 without a step
};
