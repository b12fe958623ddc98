// Steps of training: a plan of forward, backward and update for each shape that batches have.
#pragma once

#include <array>
#include <fovea/fovea.hpp>
#include <map>
#include <memory>
#include <span>

#include "options.h"

class Steps {
 public:
  // All of them outlive the steps. generator: of dropout.
  Steps(fovea::Device& device, const Options& options, fovea::Transformer& model, fovea::Optimizer& optimizer,
        fovea::State& generator);
  ~Steps();
  fovea::Trainer::Made run(const fovea::TextBatch& batch, std::span<const float> control);

 private:
  struct Step;

  fovea::Device& device_;
  const Options& options_;
  fovea::Transformer& model_;
  fovea::Optimizer& optimizer_;
  fovea::State& generator_;
  std::map<std::array<int64_t, 3>, std::unique_ptr<Step>> steps_;  // by rows, source and target length
};
