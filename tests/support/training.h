// A small training, for the tests of the loop and of checkpoints.
#pragma once

#include <bit>
#include <cmath>
#include <filesystem>

#include "fovea/train.hpp"
#include "support/check.h"

namespace fovea::test {

using Bits = std::vector<std::vector<uint32_t>>;

constexpr int64_t kRows = 6, kIn = 5, kHidden = 9, kOut = 4;

inline const OptimizerOptions kAdamW{
    .weight_decay = 0.1f, .clip = 0.5f, .average = 0.9f, .loss_scale = 4, .loss_scale_steps = 3};

// A perceptron with dropout, and everything that a checkpoint keeps.
struct Training {
  explicit Training(const OptimizerOptions& options = kAdamW, int64_t hidden = kHidden)
      : up(device(), hidden, kIn, random_values(uint64_t(hidden * kIn), 1),
           random_values(uint64_t(hidden), 2), Use::training),
        down(device(), kOut, hidden, random_values(uint64_t(kOut * hidden), 3), random_values(kOut, 4),
             Use::training),
        x(graph.input({kRows, kIn})),
        ids(graph.input({kRows}, DType::u32)),
        loss(cross_entropy(down(dropout(relu(up(x)))), ids).loss),
        optimizer(device(), parameters(), options),
        step(optimizer.step(loss)) {
    generator.write(std::vector<uint32_t>{7, 0, 0, 0});
    advance(graph, generator);
    plan.emplace(device(), graph, std::vector<Tensor>{loss, step.norm});
  }
  Parameters parameters() {
    Parameters all;
    up.parameters("up", all);
    down.parameters("down", all);
    return all;
  }
  Trainer::Made run(int64_t index, std::span<const float> control) {
    plan->write(x, wrong == index ? std::vector<float>(kRows * kIn, wrong_value)
                                  : random_values(kRows * kIn, uint32_t(index) + 10));
    plan->write(ids, random_ids(kRows, uint32_t(index) + 20, kOut));
    plan->write(step.control, control);
    plan->run();
    losses.push_back(plan->read(loss).front());
    return {.loss = losses.back(), .norm = plan->read(step.norm).front(), .items = kRows};
  }
  Trainer::End train(Trainer& trainer) {
    return trainer.run([this](int64_t index, std::span<const float> control) { return run(index, control); });
  }
  Bits bits() {
    Bits all{generator.read_u32()};
    const auto append = [&](State& state) {
      all.emplace_back();
      for (float value : state.read()) all.back().push_back(std::bit_cast<uint32_t>(value));
    };
    for (const Parameter& parameter : optimizer.parameters()) append(*parameter.state);
    for (const auto& [name, state] : optimizer.states()) append(*state);
    const Optimizer::Counters counters = optimizer.counters();
    all.push_back({uint32_t(counters.steps), uint32_t(counters.finite_steps),
                   std::bit_cast<uint32_t>(counters.loss_scale)});
    return all;
  }

  State generator{device(), {4}, DType::u32};
  Dropout dropout{.rate = 0.25f, .generator = &generator};
  Linear up, down;
  Graph graph;
  Tensor x, ids, loss;
  Optimizer optimizer;
  Optimizer::Step step;
  std::optional<Plan> plan;
  std::vector<float> losses;  // of every step
  int64_t wrong = -1;         // the batch that has no good values
  float wrong_value = NAN;
};

// 4 epochs of 5 steps with a cosine, and what the losses say as a measure.
inline TrainerOptions options_for(Training& training, const std::filesystem::path& checkpoint = {}) {
  TrainerOptions options;
  options.schedule = {.kind = Schedule::Kind::cosine, .rate = 0.05f, .warmup = 3, .steps = 20};
  options.epochs = 4;
  options.steps_per_epoch = 5;
  options.checkpoint = checkpoint;
  options.validate = [&training] { return -double(training.losses.back()); };
  return options;
}

inline size_t files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator files(folder);
  return size_t(std::distance(begin(files), end(files)));
}

}  // namespace fovea::test
