// Median times of plans that run in turn.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "layers.h"

// A graph of one's own and its plan; `graph` is filled before make().
struct Timed {
  std::unique_ptr<fovea::Graph> graph = std::make_unique<fovea::Graph>();
  std::vector<fovea::Tensor> inputs;
  std::optional<fovea::Plan> plan;
  std::vector<double> runs;  // milliseconds of one run

  fovea::Tensor input(const fovea::Shape& shape);
  void make(fovea::Device& device, fovea::Tensor y, uint64_t seed);  // and writes random inputs
  double median() const;
};

// `runs` times all of them in turn, as other work on the machine slows whatever is running.
void run_in_turn(std::vector<Timed>& all, int64_t runs);
