#include "steps.h"

#include <optional>

using namespace fovea;

struct Steps::Step {
  Step(const Steps& of, const TextShape& shape);
  Trainer::Made run(const TextBatch& batch, std::span<const float> control);

  Graph graph;
  Tensor source, lengths;  // (rows, source_length), (rows)
  Tensor inputs, labels;   // (rows, target_length)
  Tensor loss;             // (1)
  Optimizer::Step update;
  std::optional<Plan> plan;
};

Steps::Step::Step(const Steps& of, const TextShape& shape) {
  source = graph.input({shape.rows, shape.source_length}, DType::u32, "source");
  lengths = graph.input({shape.rows}, DType::u32, "lengths");
  inputs = graph.input({shape.rows, shape.target_length}, DType::u32, "inputs");
  labels = graph.input({shape.rows, shape.target_length}, DType::u32, "labels");
  const Dropout dropout{.rate = of.options_.dropout, .generator = &of.generator_};
  const Tensor logits = of.model_(source, lengths, inputs, dropout);  // (rows, target_length, vocab)
  loss = cross_entropy(logits, labels, {.smoothing = of.options_.smoothing, .ignored = kIgnored}).loss;
  update = of.optimizer_.step(loss);
  advance(graph, of.generator_);
  plan.emplace(of.device_, graph, std::vector{loss, update.norm});
}

Trainer::Made Steps::Step::run(const TextBatch& batch, std::span<const float> control) {
  plan->write(source, batch.source);
  plan->write(lengths, batch.lengths);
  plan->write(inputs, batch.inputs);
  plan->write(labels, batch.labels);
  plan->write(update.control, control);
  plan->run();
  return {plan->read(loss)[0], plan->read(update.norm)[0], batch.tokens};
}

Steps::Steps(Device& device, const Options& options, Transformer& model, Optimizer& optimizer,
             State& generator)
    : device_(device), options_(options), model_(model), optimizer_(optimizer), generator_(generator) {}
Steps::~Steps() = default;

Trainer::Made Steps::run(const TextBatch& batch, std::span<const float> control) {
  const TextShape& shape = batch.shape;
  std::unique_ptr<Step>& step = steps_[{shape.rows, shape.source_length, shape.target_length}];
  if (!step) step = std::make_unique<Step>(*this, shape);
  return step->run(batch, control);
}
