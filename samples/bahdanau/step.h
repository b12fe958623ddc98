// A step of training, recorded once: forward, backward, clipping and Adam are one submission.
#pragma once

#include <fovea/fovea.hpp>
#include <optional>
#include <vector>

namespace fovea {

struct StepOptions {
  int64_t batch = 64, steps = 10;
  float dropout = 0.1f;
  uint32_t seed = 1;
};

struct Step {
  Step(Device& device, Bahdanau& model, const StepOptions& s)
      : generator(device, {4}, DType::u32),
        optimizer(device, model.parameters(), {.kind = OptimizerOptions::Kind::adam, .clip = 1}) {
    generator.write(std::vector<uint32_t>{s.seed, 0, 0, 0});
    source = graph.input({s.batch, s.steps}, DType::u32, "source");
    lengths = graph.input({s.batch}, DType::u32, "lengths");
    inputs = graph.input({s.batch, s.steps}, DType::u32, "inputs");
    labels = graph.input({s.batch, s.steps}, DType::u32, "labels");
    share = graph.input({1}, DType::f32, "share");
    const Tensor logits =
        model(source, lengths, inputs, {.dropout = {.rate = s.dropout, .generator = &generator}}).logits;
    loss = mul(cross_entropy(logits, labels).loss, share);  // mean over tokens * tokens / steps
    update = optimizer.step(loss);
    advance(graph, generator);
    plan.emplace(device, graph, std::vector{loss, update.norm});
  }

  // The loss of a batch: the sum over its tokens, divided by steps.
  double run(const WordBatch& batch, float rate) {
    plan->write(source, batch.source);
    plan->write(lengths, batch.lengths);
    plan->write(inputs, batch.inputs);
    plan->write(labels, batch.labels);
    plan->write(share, std::vector{float(batch.tokens) / float(inputs.shape()[1])});
    plan->write(update.control, optimizer.control(rate));
    plan->run();
    optimizer.finish(plan->read(update.norm)[0]);
    return double(plan->read(loss)[0]);
  }

  State generator;
  Optimizer optimizer;
  Graph graph;
  Tensor source, lengths, inputs, labels, share, loss;
  Optimizer::Step update;
  std::optional<Plan> plan;
};

}  // namespace fovea
