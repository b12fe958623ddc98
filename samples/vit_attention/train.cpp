#include "train.h"

#include <chrono>
#include <fovea/figure.hpp>
#include <random>

#include "../common/model_folder.h"

namespace {

using fovea::ImageBatch;

constexpr int64_t kPlaces = 10;  // of squares: the classes

// Grey noise with a bright square at one of ten places.
ImageBatch squares(int64_t batch, int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> noise(0, 0.3f);
  ImageBatch made{.count = batch, .pixels = std::vector<float>(size_t(batch * 3 * size * size))};
  for (float& value : made.pixels) value = noise(random);
  const int64_t side = size / 5;
  for (int64_t item = 0; item < batch; ++item) {
    const auto place = int64_t(random() % kPlaces);
    made.labels.push_back(uint32_t(place));
    const int64_t left = place % 5 * side, top = place / 5 * (size / 2) + side / 2;
    for (int64_t colour = 0; colour < 3; ++colour)
      for (int64_t y = top; y < top + side; ++y)
        for (int64_t x = left; x < left + side; ++x)
          made.pixels[size_t(((item * 3 + colour) * size + y) * size + x)] += 1;
  }
  return made;
}

// Batches of the folder, or of squares, by their index.
class Source {
 public:
  Source(const TrainOptions& options, uint64_t seed) : options_(options), seed_(seed) {
    if (options.data.empty()) return;
    folder_.emplace(options.data);
    batches_.emplace(
        *folder_,
        fovea::ImageOptions{
            .batch = options.batch, .size = int(options.image_size), .seed = seed, .partial = false});
  }
  std::vector<std::string> classes() const {
    if (folder_) return folder_->classes();
    std::vector<std::string> names;
    for (int64_t place = 1; place <= kPlaces; ++place) names.push_back(fmt::format("place {}", place));
    return names;
  }
  int64_t steps() const {
    return options_.epochs > 0 ? options_.epochs * batches_->batches() : options_.steps;
  }
  ImageBatch batch(uint64_t index) const {
    if (batches_) return batches_->batch(index);
    return squares(options_.batch, options_.image_size, seed_ * 1000003 + index);
  }

 private:
  const TrainOptions& options_;
  uint64_t seed_;
  std::optional<fovea::ImageFolder> folder_;
  std::optional<fovea::ImageBatches> batches_;
};

// A step of training as one plan: forward, backward and update by plain gradient descent.
class Step {
 public:
  Step(const TrainOptions& o, fovea::VisionTransformer& model, fovea::Device& device, int64_t classes,
       uint32_t seed)
      : generator_(device, {4}, fovea::DType::u32), mean_weight_(device, {o.width, classes}) {
    generator_.write(std::vector<uint32_t>{seed, 0, 0, 0});
    mean_weight_.write(std::vector<float>(size_t(o.width * classes)));
    pixels_ = graph_.input({o.batch, 3, o.image_size, o.image_size});
    labels_ = graph_.input({o.batch}, fovea::DType::u32);
    fovea::Parameters parameters = model.parameters();
    const fovea::ViTTensors made = model(pixels_, {}, {.rate = o.dropout, .generator = &generator_});
    logits_ = made.logits;  // (batch, classes)
    if (o.pool == "mean") {
      const fovea::Tensor mean = reshape(fovea::mean(made.embedding, 1), {o.batch, o.width});
      logits_ = matmul(mean, graph_.use(mean_weight_, "mean"));
      std::erase_if(parameters,
                    [](const fovea::Parameter& each) { return each.name.starts_with("classifier"); });
      parameters.push_back({"mean", &mean_weight_});
    }
    optimizer_.emplace(
        device, parameters,
        fovea::OptimizerOptions{.kind = fovea::OptimizerOptions::Kind::sgd, .momentum = 0, .clip = 1});
    loss_ = cross_entropy(logits_, labels_).loss;
    update_ = optimizer_->step(loss_);
    advance(graph_, generator_);
    plan_.emplace(device, graph_, std::vector{loss_, logits_, update_.norm});
  }

  struct Made {
    double loss, accuracy;
  };
  Made run(const ImageBatch& batch, float rate) {
    plan_->write(pixels_, batch.pixels);
    plan_->write(labels_, batch.labels);
    plan_->write(update_.control, optimizer_->control(rate));
    plan_->run();
    optimizer_->finish(plan_->read(update_.norm)[0]);
    return {double(plan_->read(loss_)[0]),
            fovea::top_k_accuracy(plan_->read(logits_), batch.labels, 1).percent() / 100};
  }

 private:
  fovea::State generator_, mean_weight_;
  fovea::Graph graph_;
  fovea::Tensor pixels_, labels_, logits_, loss_;
  fovea::Optimizer::Step update_;
  std::optional<fovea::Optimizer> optimizer_;
  std::optional<fovea::Plan> plan_;
};

}  // namespace

void add_options(CLI::App& app, TrainOptions& o) {
  CLI::Option* steps =
      app.add_option("--train", o.steps, "steps of training; 0: none")->capture_default_str();
  app.add_option("--batch", o.batch, "images a step")->capture_default_str();
  CLI::Option* data = app.add_option(
      "--data", o.data, "folder of class folders to learn from; without it squares at ten places");
  data->check(CLI::ExistingDirectory);
  app.add_option("--epochs", o.epochs, "passes over --data, in place of --train")
      ->check(CLI::PositiveNumber)
      ->needs(data)
      ->excludes(steps);
  app.add_option("--image-size", o.image_size, "pixels a side")->capture_default_str();
  app.add_option("--patch-size", o.patch_size, "pixels a side")->capture_default_str();
  app.add_option("--width", o.width)->capture_default_str();
  app.add_option("--hidden", o.hidden, "of the feed-forward network")->capture_default_str();
  app.add_option("--heads", o.heads)->capture_default_str();
  app.add_option("--blocks", o.blocks)->capture_default_str();
  app.add_option("--dropout", o.dropout)->capture_default_str();
  app.add_option("--rate", o.rate, "of gradient descent")->capture_default_str();
  app.add_option("--pool", o.pool, "what is classified: class, its token, or mean, of all tokens")
      ->check(CLI::IsMember({"class", "mean"}))
      ->capture_default_str();
  app.add_flag_callback(
      "--e5",
      [&o] {
        o.image_size = 96, o.patch_size = 16, o.width = 512, o.hidden = 2048, o.heads = 8, o.batch = 128;
      },
      "the sizes that the book trains on Fashion-MNIST, with batches of 128");
}

void train(Sample& sample, const TrainOptions& o, fovea::Device& device) {
  const Source source(o, sample.seed);
  const std::vector<std::string> classes = source.classes();
  const ModelFolder fresh({});
  fovea::write_fresh_vit(fresh.name(),
                         {.height = o.image_size,
                          .width = o.image_size,
                          .patch = o.patch_size,
                          .embedding = o.width,
                          .depth = o.blocks,
                          .heads = o.heads,
                          .hidden = o.hidden,
                          .labels = classes},
                         sample.seed);
  fovea::VisionTransformer model(device, fresh.name(), fovea::Use::training);
  Step step(o, model, device, int64_t(classes.size()), sample.seed);

  using Clock = std::chrono::steady_clock;
  fovea::Series losses{"loss", {}, {}}, accuracies{"accuracy", {}, {}};
  Clock::time_point start;
  const int64_t steps = source.steps();
  for (int64_t i = 0; i < steps; ++i) {
    if (i == 1) start = Clock::now();  // the first step compiles kernels
    const Step::Made made = step.run(source.batch(uint64_t(i)), o.rate);
    losses.x.push_back(double(i + 1)), losses.y.push_back(made.loss);
    accuracies.x.push_back(double(i + 1)), accuracies.y.push_back(made.accuracy);
  }
  const std::chrono::duration<double, std::milli> passed = Clock::now() - start;
  const auto last = [](const std::vector<double>& values) {  // the mean of the last tenth
    const size_t count = std::max(values.size() / 10, size_t(1));
    return std::accumulate(values.end() - int64_t(count), values.end(), 0.0) / double(count);
  };
  fmt::print("training: {} x {} pixels, patches of {}, width {}, {} blocks, {} steps of {} images\n",
             o.image_size, o.image_size, o.patch_size, o.width, o.blocks, steps, o.batch);
  sample.number("training: first loss", losses.y.front());
  sample.number("training: last loss", last(losses.y));
  sample.number("training: last accuracy", last(accuracies.y));
  if (steps > 1) sample.number("training: milliseconds a step", passed.count() / double(steps - 1));
  if (steps >= 50) sample.holds("training: the loss falls", last(losses.y) < losses.y.front());
  if (!sample.out.empty())
    fovea::show_plot(sample.out / "training.png", std::vector{losses, accuracies},
                     {.title = "training", .xlabel = "step"});
}
