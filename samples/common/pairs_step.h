// A step of training on pairs of sentences, recorded once: forward, backward, clipping and Adam are one
// submission.
#pragma once

#include <fovea/fovea.hpp>
#include <functional>
#include <optional>
#include <vector>

class PairsStep {
 public:
  struct Options {
    int64_t batch = 64, steps = 10;
    float dropout = 0.1f;
    uint32_t seed = 1;
  };
  struct Inputs {
    fovea::Tensor source, lengths, inputs;  // (batch, steps), (batch), (batch, steps) u32
  };
  // What the model makes of them: (batch, steps, words).
  using Logits = std::function<fovea::Tensor(const Inputs& x, const fovea::Dropout& dropout)>;

  PairsStep(fovea::Device& device, const fovea::Parameters& parameters, const Options& options,
            const Logits& logits)
      : generator_(device, {4}, fovea::DType::u32),
        optimizer_(device, parameters, {.kind = fovea::OptimizerOptions::Kind::adam, .clip = 1}) {
    using fovea::DType;
    generator_.write(std::vector<uint32_t>{options.seed, 0, 0, 0});
    const fovea::Shape shape{options.batch, options.steps};
    x_ = {.source = graph_.input(shape, DType::u32, "source"),
          .lengths = graph_.input({options.batch}, DType::u32, "lengths"),
          .inputs = graph_.input(shape, DType::u32, "inputs")};
    labels_ = graph_.input(shape, DType::u32, "labels");
    share_ = graph_.input({1}, DType::f32, "share");
    const fovea::Tensor made = logits(x_, {.rate = options.dropout, .generator = &generator_});
    loss_ = mul(cross_entropy(made, labels_, {.ignored = fovea::kIgnored}).loss, share_);  // (1)
    update_ = optimizer_.step(loss_);
    if (options.dropout > 0) advance(graph_, generator_);
    plan_.emplace(device, graph_, std::vector{loss_, update_.norm});
  }

  // The loss as the textbook counts it: of a sentence the mean over all steps, padding included, added up. So
  // divided by the words it is a tenth of the cross-entropy of a word where sentences have ten steps.
  double run(const fovea::WordBatch& batch, float rate) {
    plan_->write(x_.source, batch.source);
    plan_->write(x_.lengths, batch.lengths);
    plan_->write(x_.inputs, batch.inputs);
    plan_->write(labels_, batch.labels);
    plan_->write(share_, std::vector{float(batch.tokens) / float(x_.inputs.shape()[1])});
    plan_->write(update_.control, optimizer_.control(rate));
    plan_->run();
    optimizer_.finish(plan_->read(update_.norm)[0]);
    return double(plan_->read(loss_)[0]);
  }
  const fovea::Plan& plan() const { return *plan_; }

 private:
  fovea::State generator_;
  fovea::Optimizer optimizer_;
  fovea::Graph graph_;
  Inputs x_;
  fovea::Tensor labels_, share_, loss_;
  fovea::Optimizer::Step update_;
  std::optional<fovea::Plan> plan_;
};
