// What the kernels of recurrent cells are told: gru.comp, lstm.comp and their gradients.
#include "host.h"

struct RecurrenceParams {
  uint steps;
  uint batch;
  uint width;
  uint first;    // step of this dispatch, in the order in which the cell takes them
  uint count;    // steps of this dispatch
  uint reverse;  // 1: the cell begins with the last step
};

// Where the step that a cell takes as its kth lies in the sequence.
inline uint time_of(RecurrenceParams p, uint k) { return p.reverse != 0 ? p.steps - 1 - k : k; }
