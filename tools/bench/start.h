// The case "start": how long a program waits for its first answer, without compiled kernels and with them.
#pragma once

#include <string>

namespace fovea::bench {

struct StartOptions {
  std::string device, model;
  bool json = false;
};

// Prints two lines: a device, the model and one run of it; then the same with the first one's compiled
// kernels.
void measure_start(const StartOptions& options);

}  // namespace fovea::bench
