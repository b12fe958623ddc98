// Who waits for whom in a layer, found by running it: a NaN is a dye, which every sum that reads it takes on.
#pragma once

#include "layers.h"

// A round is what a layer can do at all positions at once. Convolution and attention make all they give in
// one; a recurrent layer reads its own results one position back, in a round those of the round before.
struct Trace {
  int64_t steps = 0;  // rounds until every result is known where at first none is: what is unknown is NaN
  int64_t path = 0;   // rounds, one upon the other, until the last position has read of the first input
  double worst = 0;   // how far what the rounds have made is from what the layer gives
};
Trace trace(fovea::Device& device, const Layers& layers, Kind kind, int64_t n);

// Positions of y, as the layer gives it, that are dyed.
int64_t dyed(Kind kind, const Floats& y, int64_t n);
// x, as the layer reads it, with a NaN at the first position.
Floats with_dye(Kind kind, Floats x, int64_t n);
