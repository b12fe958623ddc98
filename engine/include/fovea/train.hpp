// Training: optimisers, schedules and checkpoints. Gradients are nodes of the graph (Graph::grad), so a step
// is one recorded plan: forward, backward and update in one submission.
#pragma once

#ifdef FOVEA_INFERENCE_ONLY
#error "fovea/train.hpp: this library was built without training, FOVEA_TRAINING is OFF"
#endif

#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/nn.hpp"
#include "fovea/plan.hpp"
#include "fovea/train_log.hpp"

namespace fovea FOVEA_API {

// Learning rate of step 1, 2, .. After a linear warm-up: constant; half a cosine down to `last` at `steps`
// (Loshchilov and Hutter 2017, eq. 5); or rate * sqrt(warmup / step) (Vaswani et al. 2017, section 5.3).
struct Schedule {
  enum class Kind : uint8_t { constant, cosine, inverse_square_root };
  Kind kind = Kind::constant;
  float rate = 1e-3f;  // the highest
  int64_t warmup = 0;  // steps
  int64_t steps = 0;   // of cosine
  float last = 0;      // of cosine
  float at(int64_t step) const;
};

struct OptimizerOptions {
  enum class Kind : uint8_t { sgd, adam, adamw };
  Kind kind = Kind::adamw;
  float momentum = 0.9f;  // of sgd
  bool nesterov = false;
  float beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
  float weight_decay = 0;  // of parameters that take it: added to gradients, or decoupled in adamw
  float clip = 0;          // largest norm of all gradients together; 0: any
  float average = 0;       // decay of an exponential moving average of the weights; 0: none
  float loss_scale = 1;    // gradients are made of loss * loss_scale and divided again in fp32
  // Steps with finite gradients after which the loss scale doubles; it halves where they are not finite.
  // 0: it stays, and a gradient that is not finite is an Error of the trainer.
  int64_t loss_scale_steps = 0;
};

// Updates weights in place on the device: one dispatch over all parameters of a group.
class Optimizer {
 public:
  Optimizer(Device& device, Parameters parameters, const OptimizerOptions& options);

  // What a plan with an update reads and gives.
  struct Step {
    Tensor control;  // an input: write control(rate) before every run
    Tensor norm;     // (1): of all gradients, before clipping, times the loss scale; make it an output
  };
  // Adds gradients of loss (one number) and the update to its graph.
  Step step(Tensor loss);
  // The same in two plans, for gradients of several batches: each adds its share / `batches` to an
  // accumulator, then one update uses it and clears it.
  Tensor accumulate(Tensor loss, int64_t batches);  // -> control
  Step step_accumulated(Graph& graph);

  std::array<float, 4> control(float rate) const;  // for the next update
  // After every update: counts it and adapts the loss scale. False: the norm was not finite and the update
  // left all as it was.
  bool finish(float norm);

  int64_t steps() const { return steps_; }  // updates done
  int64_t elements() const;                 // of all parameters
  const Parameters& parameters() const { return parameters_; }
  const OptimizerOptions& options() const { return options_; }
  // Exchanges weights and their average: to validate and save, and back to go on. Needs options.average.
  void swap_average();

  // What a checkpoint keeps beside the parameters.
  std::vector<std::pair<std::string, State*>> states();
  struct Counters {
    int64_t steps = 0, finite_steps = 0;
    float loss_scale = 1;
  };
  Counters counters() const { return {steps_, finite_steps_, loss_scale_}; }
  void restore(const Counters& counters);

 private:
  std::vector<Tensor> gradients(Tensor loss, Tensor control) const;
  Step update(Graph& graph, Tensor control, const std::vector<Tensor>& gradients);

  Parameters parameters_;
  std::vector<int64_t> places_;  // of each parameter in the moments
  OptimizerOptions options_;
  int64_t elements_ = 0;
  std::optional<State> first_, second_, average_, accumulator_;
  Device& device_;
  int64_t steps_ = 0, finite_steps_ = 0;
  float loss_scale_ = 1;
};

// Where a training stands: what a checkpoint keeps beside weights, moments and generator.
struct Progress {
  int64_t step = 0;             // batches done; also the place in the data
  int64_t steps_per_epoch = 1;  // a training goes on with as many
  double best = 0;              // the best validation so far
  bool validated = false;
  int64_t stale = 0;                         // epochs since the best
  std::vector<CurvePoint> losses, measures;  // means of kCurveSteps steps each, and validations
  double loss_sum = 0;                       // since the last of the means
  int64_t loss_count = 0;
  static constexpr int64_t kCurveSteps = 10;
};

// One file, written whole or not at all: weights, moments, average, generator and progress. Training from it
// with the same data and options goes on bit for bit as if it had never stopped. generator: (4) u32 or null.
void save_checkpoint(const std::filesystem::path& path, Optimizer& optimizer, const State* generator,
                     const Progress& progress);
// For a training that begins anew. Error: one lies there already, and with it a model that would be lost.
void expect_no_checkpoint(const std::filesystem::path& path);
// Error: not a checkpoint of these parameters and options. Nothing is changed then.
Progress load_checkpoint(const std::filesystem::path& path, Optimizer& optimizer, State* generator);

struct TrainerOptions {
  Schedule schedule;
  int64_t epochs = 1, steps_per_epoch = 1;
  std::filesystem::path checkpoint;   // file; empty: none is kept
  int64_t save_every = 0;             // steps; 0: after epochs and when interrupted only
  int64_t patience = 0;               // epochs without a better validation after which it stops; 0: never
  std::function<bool()> interrupted;  // asked after every step
  std::function<void(const TrainPoint&)> report;  // after every step
  // After an epoch, with the averaged weights if there are any: its measure, the higher the better; then,
  // where it is the best so far or nothing is measured, keep().
  std::function<double()> validate;
  std::function<void()> keep;
  std::function<void(const TrainValidation&)> validated;
  std::string measure = "measure";  // its name
};

// The loop around the steps: schedule, checkpoints, validation, early stopping.
class Trainer {
 public:
  // generator: of dropout, or null. With the checkpoint there already and resume, goes on from it.
  Trainer(Optimizer& optimizer, State* generator, TrainerOptions options, bool resume = false);

  struct Made {
    float loss = 0, norm = 0;
    int64_t items = 0;  // images or tokens, for the rate
  };
  // One update on batch `index`, counted through all epochs; control is what the optimiser's plan reads.
  using StepFunction = std::function<Made(int64_t index, std::span<const float> control)>;
  enum class End : uint8_t { finished, early, interrupted };
  // Error, naming step and last checkpoint: a loss or, with a fixed loss scale, a norm that is not finite.
  End run(const StepFunction& step);

  const Progress& progress() const { return progress_; }

 private:
  void one(const StepFunction& step);
  void with_average(const std::function<void()>& action);
  bool end_epoch();  // true: stop early
  void save();
  void report(const Made& made, float rate);

  Optimizer& optimizer_;
  State* generator_;
  TrainerOptions options_;
  Progress progress_;
  double started_ = 0;  // seconds
  double items_ = 0;    // since then
  int64_t begun_ = 0;   // the step at which run() began
  std::string last_checkpoint_ = "none";
};

}  // namespace fovea
