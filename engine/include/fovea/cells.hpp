// Recurrent cells over whole sequences, as ops: all steps are one node. rnn.hpp makes layers of them.
#pragma once

#include "fovea/graph.hpp"

namespace fovea FOVEA_API {

// Of a recurrent cell over whole sequences, as PyTorch's packed ones: behind the end of a row its state
// stays, and what the row gives there is 0.
struct RecurrentOptions {
  Tensor start = {};       // (batch, width): h that the first step begins with; absent: 0
  Tensor start_cell = {};  // the same for c of lstm; both or neither
  Tensor lengths = {};     // (batch) u32: steps of each row; absent: all
  bool reverse = false;    // the first step is the last of the sequence, for each row that of its own end
};
struct Gru {
  Tensor out;   // (steps, batch, width): h of every step
  Tensor last;  // (batch, width): h when all steps are done
};
struct Lstm {
  Tensor out, last;  // as of Gru
  Tensor cell;       // (batch, width): c when all steps are done
};

// x: (steps, batch, gates * width), what each step adds to its gates, their order and equations those of
// PyTorch; weight: (gates * width, width), or transposed in panels without a gradient; bias: (gates * width).
// h' = (1 - z) n + z h; gates r, z, n; r is a factor of W h + b of n (Cho et al. 2014).
Gru gru(Tensor x, Tensor weight, Tensor bias, const RecurrentOptions& options = {});
// c' = f c + i g, h' = o tanh(c'); gates i, f, g, o (Hochreiter and Schmidhuber 1997, Gers et al. 2000).
Lstm lstm(Tensor x, Tensor weight, Tensor bias, const RecurrentOptions& options = {});

}  // namespace fovea
