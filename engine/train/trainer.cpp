#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/check.h"
#include "fovea/train.hpp"

namespace fovea {
namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Trainer::Trainer(Optimizer& optimizer, State* generator, TrainerOptions options, bool resume)
    : optimizer_(optimizer), generator_(generator), options_(std::move(options)) {
  FOVEA_CHECK(options_.epochs >= 1 && options_.steps_per_epoch >= 1, "trainer: ", options_.epochs,
              " epochs of ", options_.steps_per_epoch, " steps");
  options_.schedule.at(std::max<int64_t>(options_.schedule.warmup, 1));  // what does not fit fails here
  progress_.steps_per_epoch = options_.steps_per_epoch;
  if (!resume || options_.checkpoint.empty() || !std::filesystem::exists(options_.checkpoint)) return;
  progress_ = load_checkpoint(options_.checkpoint, optimizer_, generator_);
  FOVEA_CHECK(progress_.steps_per_epoch == options_.steps_per_epoch, options_.checkpoint.string(),
              ": epochs of ", progress_.steps_per_epoch, " steps, this training has ",
              options_.steps_per_epoch);
  last_checkpoint_ = options_.checkpoint.string();
}

void Trainer::save() {
  if (options_.checkpoint.empty()) return;
  save_checkpoint(options_.checkpoint, optimizer_, generator_, progress_);
  last_checkpoint_ = options_.checkpoint.string();
}

// Adds a step to the curve and tells of it. Rates are means of this run: steps of different shapes differ.
void Trainer::report(const Made& made, float rate) {
  progress_.loss_sum += double(made.loss);
  if (++progress_.loss_count == Progress::kCurveSteps) {
    progress_.losses.push_back({progress_.step, progress_.loss_sum / double(progress_.loss_count)});
    progress_.loss_sum = 0;
    progress_.loss_count = 0;
  }
  items_ += double(made.items);
  if (!options_.report) return;
  const double passed = std::max(seconds() - started_, 1e-9);
  const int64_t steps = options_.epochs * options_.steps_per_epoch, done = progress_.step - begun_;
  options_.report({.step = progress_.step,
                   .steps = steps,
                   .epoch = (progress_.step - 1) / options_.steps_per_epoch + 1,
                   .loss = double(made.loss),
                   .rate = double(rate),
                   .norm = double(made.norm),
                   .items_per_second = items_ / passed,
                   .seconds_left = passed / double(done) * double(steps - progress_.step)});
}

void Trainer::one(const StepFunction& step) {
  const float rate = options_.schedule.at(optimizer_.steps() + 1);
  const auto control = optimizer_.control(rate);
  const float scale = optimizer_.counters().loss_scale;
  const Made made = step(progress_.step, control);
  FOVEA_CHECK(std::isfinite(made.loss), "trainer: loss ", made.loss, " in step ", progress_.step + 1,
              "; the last good checkpoint: ", last_checkpoint_);
  const bool updated = optimizer_.finish(made.norm);
  FOVEA_CHECK(updated || optimizer_.options().loss_scale_steps > 0, "trainer: gradients of norm ", made.norm,
              " in step ", progress_.step + 1, "; the last good checkpoint: ", last_checkpoint_);
  ++progress_.step;
  report({made.loss, made.norm / scale, made.items}, rate);
}

// Runs with the averaged weights, if there are any, in place of the weights.
void Trainer::with_average(const std::function<void()>& action) {
  const bool averaged = optimizer_.options().average > 0;
  if (averaged) optimizer_.swap_average();
  try {
    action();
  } catch (...) {
    if (averaged) optimizer_.swap_average();
    throw;
  }
  if (averaged) optimizer_.swap_average();
}

bool Trainer::end_epoch() {
  double measure = 0;
  bool better = false;
  with_average([&] {
    if (options_.validate) measure = options_.validate();
    FOVEA_CHECK(std::isfinite(measure), "trainer: ", options_.measure, " ", measure, " after step ",
                progress_.step, "; the last good checkpoint: ", last_checkpoint_);
    better = !options_.validate || !progress_.validated || measure > progress_.best;
    if (better && options_.keep) options_.keep();
  });
  if (!options_.validate) return false;
  progress_.validated = true;
  if (better) progress_.best = measure;
  progress_.stale = better ? 0 : progress_.stale + 1;
  progress_.measures.push_back({progress_.step, measure});
  if (options_.validated)
    options_.validated({.epoch = progress_.step / options_.steps_per_epoch,
                        .step = progress_.step,
                        .measures = {{options_.measure, measure}},
                        .best = better});
  return options_.patience > 0 && progress_.stale >= options_.patience;
}

Trainer::End Trainer::run(const StepFunction& step) {
  const int64_t steps = options_.epochs * options_.steps_per_epoch;
  started_ = seconds();
  begun_ = progress_.step;
  if (options_.patience > 0 && progress_.stale >= options_.patience) return End::early;
  while (progress_.step < steps) {
    one(step);
    const bool epoch_done = progress_.step % options_.steps_per_epoch == 0;
    const bool early = epoch_done && end_epoch();
    const bool due = options_.save_every > 0 && progress_.step % options_.save_every == 0;
    const bool interrupted = options_.interrupted && options_.interrupted();
    if (epoch_done || due || interrupted) save();
    if (early) return End::early;
    if (interrupted && progress_.step < steps) return End::interrupted;
  }
  return End::finished;
}

}  // namespace fovea
