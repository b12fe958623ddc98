// The cases `train` and `train_rnn`: a training step of the textbook's Transformer, or of its recurrent
// network.
#pragma once

#include "fovea/device.hpp"

namespace fovea::bench {

struct TrainCase {
  int runs = 10;
  bool json = false;
  bool recurrent = false;
};

// Prints a table or one JSON object.
void measure_train(Device& device, const TrainCase& what);

}  // namespace fovea::bench
