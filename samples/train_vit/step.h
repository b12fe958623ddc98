// A step of training as one plan: forward, backward and update.
#pragma once

#include <fovea/fovea.hpp>
#include <optional>
#include <span>

#include "options.h"

class Step {
 public:
  // All of them outlive the step. generator: of dropout.
  Step(fovea::Device& device, const Options& options, fovea::VisionTransformer& model,
       fovea::Optimizer& optimizer, fovea::State& generator);
  fovea::Trainer::Made run(const fovea::ImageBatch& batch, std::span<const float> control);

 private:
  fovea::Graph graph_;
  fovea::Tensor pixels_;          // (batch, 3, size, size)
  fovea::Tensor labels_, mixed_;  // (batch); mixed: of the images mixed in
  fovea::Tensor share_;           // (2): of the labels and of the mixed ones
  fovea::Tensor loss_;            // (1)
  fovea::Optimizer::Step update_;
  std::optional<fovea::Plan> plan_;
};
