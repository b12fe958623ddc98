// What a training says of itself while it runs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

struct TrainPoint {
  int64_t step = 0, steps = 0;  // done, planned in all
  int64_t epoch = 0;
  double loss = 0, rate = 0, norm = 0, items_per_second = 0, seconds_left = 0;
};

struct TrainValidation {
  int64_t epoch = 0, step = 0;
  std::vector<std::pair<std::string, double>> measures;
  bool best = false;
};

}  // namespace fovea
