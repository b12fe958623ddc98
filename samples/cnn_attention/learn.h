// Training and testing, the same for every network.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "task.h"

struct Course {
  int64_t epochs = 3, batch = 64, steps = 0;  // steps: of an epoch; 0: all of it
  float rate = 4e-3f;
};

struct Learnt {
  double accuracy = 0;  // of the test
  double loss = 0;      // mean of the last epoch
  double seconds = 0;   // of training
  int64_t parameters = 0;
};

template <class Model>
double accuracy_of(Model& model, const Task& task) {
  int64_t right = 0, all = 0;
  for (int64_t i = 0; i < task.tests; ++i) {
    const fovea::ImageBatch batch = task.test(uint64_t(i));
    const std::vector<float> logits = model.run(batch.pixels, int64_t(batch.labels.size())).logits;
    const int64_t classes = int64_t(task.classes.size());
    for (int64_t row = 0; row < batch.count; ++row) {
      const auto first = logits.begin() + row * classes;
      right += uint32_t(std::max_element(first, first + classes) - first) == batch.labels[size_t(row)];
    }
    all += batch.count;
  }
  return double(right) / double(all);
}

// Trains with Adam along half a cosine; one submission a step.
template <class Model>
Learnt learn(fovea::Device& device, Model& model, const Task& task, const Course& course) {
  using namespace fovea;
  Graph graph;
  const Tensor pixels = graph.input({course.batch, 3, kSize, kSize}, DType::f32, "pixels");
  const Tensor labels = graph.input({course.batch}, DType::u32, "labels");
  const Tensor loss = cross_entropy(model(pixels, Use::training).logits, labels).loss;
  Optimizer optimizer(device, model.parameters(),
                      {.kind = OptimizerOptions::Kind::adamw, .weight_decay = 0.02f});
  const Optimizer::Step update = optimizer.step(loss);
  Plan plan(device, graph, {loss, update.norm});

  const int64_t epoch = course.steps > 0 ? std::min(course.steps, task.steps) : task.steps;
  const Schedule schedule{.kind = Schedule::Kind::cosine,
                          .rate = course.rate,
                          .warmup = std::min<int64_t>(20, epoch * course.epochs / 5),
                          .steps = epoch * course.epochs};
  Loader<ImageBatch> loader([&](uint64_t index) { return task.training(index); });
  const auto begin = std::chrono::steady_clock::now();
  Learnt learnt{.parameters = optimizer.elements()};
  for (int64_t step = 0; step < epoch * course.epochs; ++step) {
    const ImageBatch batch = loader.next();
    plan.write(pixels, batch.pixels);
    plan.write(labels, batch.labels);
    plan.write(update.control, optimizer.control(schedule.at(step + 1)));
    plan.run();
    optimizer.finish(plan.read(update.norm)[0]);
    if (step % epoch == 0) learnt.loss = 0;
    learnt.loss += double(plan.read(loss)[0]) / double(epoch);
    if ((step + 1) % epoch == 0) fmt::print("  epoch {}: loss {:.4f}\n", (step + 1) / epoch, learnt.loss);
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  learnt.seconds = spent.count();
  learnt.accuracy = accuracy_of(model, task);
  return learnt;
}
