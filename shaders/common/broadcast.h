// Elementwise y = f(a, b) where the elements of b repeat: b's index is (i / inner) % period.
#include "host.h"

struct BroadcastParams {
  uint count;   // elements of a and y
  uint inner;   // neighbours in y that share one element of b
  uint period;  // elements of b
};
