#include "step.h"

#include <array>

using namespace fovea;

Step::Step(Device& device, const Options& options, VisionTransformer& model, Optimizer& optimizer,
           State& generator) {
  const int64_t batch = options.images.batch, size = options.images.size;
  pixels_ = graph_.input({batch, 3, size, size}, DType::f32, "pixels");
  labels_ = graph_.input({batch}, DType::u32, "labels");
  mixed_ = graph_.input({batch}, DType::u32, "mixed");
  share_ = graph_.input({2}, DType::f32, "share");
  // (batch, labels of the model)
  const Tensor logits = model(pixels_, {}, {.rate = options.dropout, .generator = &generator}).logits;
  const CrossEntropyOptions how{.smoothing = options.smoothing};
  loss_ = cross_entropy(logits, labels_, how).loss;
  if (options.images.mixup > 0)
    loss_ = add(mul(loss_, slice(share_, 0, 0, 1)),
                mul(cross_entropy(logits, mixed_, how).loss, slice(share_, 0, 1, 1)));
  update_ = optimizer.step(loss_);
  advance(graph_, generator);
  plan_.emplace(device, graph_, std::vector{loss_, update_.norm});
}

Trainer::Made Step::run(const ImageBatch& batch, std::span<const float> control) {
  plan_->write(pixels_, batch.pixels);
  plan_->write(labels_, batch.labels);
  plan_->write(mixed_, batch.mixed_labels);
  plan_->write(share_, std::array{batch.lambda, 1 - batch.lambda});
  plan_->write(update_.control, control);
  plan_->run();
  return {plan_->read(loss_)[0], plan_->read(update_.norm)[0], batch.count};
}
