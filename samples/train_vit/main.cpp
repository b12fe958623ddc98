// train_vit: trains a Vision Transformer on a folder of class folders of pictures.
//
//   train_vit --data DIR --validation DIR --out DIR [--epochs N] [--batch N] [--rate R] [--resume] ...
//
// The best model so far lies in --out as a Hugging Face directory that `vit` and transformers load; beside it
// the checkpoint that --resume goes on from, and the loss curve. Ctrl-C saves a checkpoint and leaves.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <fovea/fovea.hpp>

namespace {

std::atomic<bool> interrupted = false;
void interrupt(int signal) { interrupted = true, std::signal(signal, SIG_DFL); }  // a second one ends at once

struct Options {
  std::string data, validation, out, log, device;
  fovea::ViTConfig model{
      .height = 32, .width = 32, .patch = 4, .embedding = 192, .depth = 6, .heads = 3, .hidden = 768};
  fovea::PictureOptions pictures{.seed = 1, .partial = false, .flip = true, .pad = 4};
  fovea::OptimizerOptions optimizer{.weight_decay = 0.05f, .clip = 1};
  float rate = 1e-3f, dropout = 0, smoothing = 0.1f;
  int64_t epochs = 20, warmup = 300, patience = 0, save_every = 500, stop_after = 0;
  bool resume = false;
};

// What a plan of forward, backward and update reads and gives.
struct Step {
  Step(fovea::Device& device, const Options& options, fovea::VisionTransformer& model,
       fovea::Optimizer& optimizer, fovea::State& generator)
      : pixels(graph.input({options.pictures.batch, 3, options.pictures.size, options.pictures.size})),
        labels(graph.input({options.pictures.batch}, fovea::DType::u32, "labels")),
        mixed(graph.input({options.pictures.batch}, fovea::DType::u32, "mixed")),
        share(graph.input({2}, fovea::DType::f32, "share")) {
    using namespace fovea;
    const Tensor logits = model(pixels, {}, {.rate = options.dropout, .generator = &generator}).logits;
    const CrossEntropyOptions how{.smoothing = options.smoothing};
    loss = cross_entropy(logits, labels, how).loss;  // (1)
    if (options.pictures.mixup > 0)
      loss = add(mul(loss, slice(share, 0, 0, 1)),
                 mul(cross_entropy(logits, mixed, how).loss, slice(share, 0, 1, 1)));
    update = optimizer.step(loss);
    advance(graph, generator);
    plan.emplace(device, graph, std::vector{loss, update.norm});
  }

  fovea::Trainer::Made run(const fovea::PictureBatch& batch, std::span<const float> control) {
    plan->write(pixels, batch.pixels);
    plan->write(labels, batch.labels);
    plan->write(mixed, batch.mixed_labels);
    plan->write(share, std::array{batch.lambda, 1 - batch.lambda});
    plan->write(update.control, control);
    plan->run();
    return {plan->read(loss)[0], plan->read(update.norm)[0], batch.count};
  }

  fovea::Graph graph;
  fovea::Tensor pixels, labels, mixed, share, loss;
  fovea::Optimizer::Step update;
  std::optional<fovea::Plan> plan;
};

// Share of the validation pictures whose most probable class is theirs.
double accuracy(fovea::VisionTransformer& model, const fovea::PictureBatches& batches) {
  const size_t classes = model.config().labels.size();
  std::vector<float> logits;  // of all pictures
  std::vector<uint32_t> right;
  for (int64_t i = 0; i < batches.batches(); ++i) {
    const fovea::PictureBatch batch = batches.batch(uint64_t(i));
    const std::vector<float> made = model.run(batch.pixels, int64_t(batch.labels.size())).logits;
    logits.insert(logits.end(), made.begin(), made.begin() + batch.count * int64_t(classes));
    right.insert(right.end(), batch.labels.begin(), batch.labels.begin() + batch.count);
  }
  return fovea::top_k_accuracy(logits, right, 1).percent() / 100;
}

// Pictures of the validation as they are: resized and cropped to the model's size, nothing at random.
fovea::PictureOptions plain(fovea::PictureOptions options) {
  options.shuffle = options.flip = false;
  options.partial = true;
  options.pad = 0;
  options.crop_area = {1, 1};
  options.mixup = 0;
  return options;
}

fovea::Schedule schedule(const Options& options, int64_t steps_per_epoch) {
  return {.kind = fovea::Schedule::Kind::cosine,
          .rate = options.rate,
          .warmup = options.warmup,
          .steps = options.epochs * steps_per_epoch,
          .last = options.rate / 100};
}

void train(Options& options) {
  const fovea::ImageFolder pictures(options.data), held_out(options.validation);
  options.model.labels = pictures.classes();
  const std::string checkpoint = options.out + "/checkpoint.safetensors";
  if (!options.resume) fovea::expect_no_checkpoint(checkpoint);
  fovea::Device device({.name = options.device});
  if (!options.resume) fovea::write_fresh_vit(options.out, options.model, options.pictures.seed);
  fovea::VisionTransformer model(device, options.out, fovea::Use::training);
  for (const fovea::ImageFolder* folder : {&pictures, &held_out})
    if (folder->classes() != model.config().labels)
      throw fovea::Error(fmt::format(
          "{}: class folders {}, the model has {}", folder == &pictures ? options.data : options.validation,
          fmt::join(folder->classes(), ", "), fmt::join(model.config().labels, ", ")));
  options.pictures.size = int(model.config().height);
  fovea::Preprocessor::vit(options.pictures.size).save(options.out);

  fovea::State generator(device, {4}, fovea::DType::u32);  // of dropout: seed, step
  generator.write(std::vector<uint32_t>{uint32_t(options.pictures.seed), 0, 0, 0});
  fovea::Optimizer optimizer(device, model.parameters(), options.optimizer);
  Step step(device, options, model, optimizer, generator);
  const fovea::PictureBatches batches(pictures, options.pictures), tests(held_out, plain(options.pictures));

  fovea::TrainLog log({.file = options.log});
  log.note(fmt::format("{}: {} pictures of {} classes, {} parameters, {} steps an epoch", device.info().name,
                       pictures.size(), pictures.classes().size(), optimizer.elements(), batches.batches()));
  int64_t steps_left = options.stop_after > 0 ? options.stop_after : -1;
  fovea::Trainer trainer(optimizer, &generator,
                         {.schedule = schedule(options, batches.batches()),
                          .epochs = options.epochs,
                          .steps_per_epoch = batches.batches(),
                          .checkpoint = checkpoint,
                          .save_every = options.save_every,
                          .patience = options.patience,
                          .interrupted = [&] { return interrupted || steps_left == 0; },
                          .report = [&](const fovea::TrainPoint& point) { log.step(point); },
                          .validate = [&] { return accuracy(model, tests); },
                          .keep = [&] { model.save(options.out, fovea::Storage::f16); },
                          .validated = [&](const fovea::TrainValidation& made) { log.validation(made); },
                          .measure = "accuracy"},
                         options.resume);
  fovea::Loader<fovea::PictureBatch> loader([&](uint64_t index) { return batches.batch(index); },
                                            uint64_t(trainer.progress().step));
  const auto end = trainer.run([&](int64_t, std::span<const float> control) {
    --steps_left;
    return step.run(loader.next(), control);
  });
  fovea::write_loss_curve(options.out + "/loss.png", trainer.progress().losses, trainer.progress().measures,
                          {.validation = "accuracy"});
  log.note(end == fovea::Trainer::End::interrupted
               ? "interrupted: --resume goes on from " + checkpoint
               : fmt::format("best accuracy {:.4f}; model and loss.png in {}", trainer.progress().best,
                             options.out));
}

}  // namespace

int main(int count, char** arguments) try {
  Options o;
  CLI::App app{"Trains a Vision Transformer on a folder of class folders of pictures"};
  app.add_option("--data", o.data, "folder of class folders to learn from")->required();
  app.add_option("--validation", o.validation, "folder of class folders to measure with")->required();
  app.add_option("--out", o.out, "directory for model, checkpoint and loss curve")->required();
  app.add_option("--device", o.device, "index or part of the name");
  app.add_option("--log", o.log, "file for JSON lines");
  app.add_flag("--resume", o.resume, "go on from the checkpoint in --out");
  app.add_option("--epochs", o.epochs)->capture_default_str();
  app.add_option("--batch", o.pictures.batch, "pictures a step")->capture_default_str();
  app.add_option("--rate", o.rate, "highest learning rate")->capture_default_str();
  app.add_option("--warmup", o.warmup, "steps")->capture_default_str();
  app.add_option("--weight-decay", o.optimizer.weight_decay)->capture_default_str();
  app.add_option("--average", o.optimizer.average, "decay of a moving average of the weights; 0: none");
  app.add_option("--dropout", o.dropout)->capture_default_str();
  app.add_option("--smoothing", o.smoothing, "of labels")->capture_default_str();
  app.add_option("--mixup", o.pictures.mixup, "alpha; 0: none")->capture_default_str();
  app.add_option("--pad", o.pictures.pad, "pixels around a picture before its random crop")
      ->capture_default_str();
  app.add_flag("--flip,!--no-flip", o.pictures.flip, "mirror every other picture; on by default");
  app.add_option("--seed", o.pictures.seed)->capture_default_str();
  app.add_option("--patience", o.patience, "epochs without a better validation; 0: all")
      ->capture_default_str();
  app.add_option("--stop-after", o.stop_after, "steps of this run, as if interrupted; 0: all");
  app.add_option("--save-every", o.save_every, "steps between checkpoints")->capture_default_str();
  app.add_option("--size", o.model.height, "pixels a side")->capture_default_str();
  app.add_option("--patch", o.model.patch)->capture_default_str();
  app.add_option("--width", o.model.embedding)->capture_default_str();
  app.add_option("--depth", o.model.depth)->capture_default_str();
  app.add_option("--heads", o.model.heads)->capture_default_str();
  app.add_option("--hidden", o.model.hidden, "of the feed-forward network")->capture_default_str();
  CLI11_PARSE(app, count, arguments);
  o.model.width = o.model.height;
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, interrupt);
  train(o);
} catch (const std::exception& error) {
  fmt::print(stderr, "train_vit: {}\n", error.what());
  return 1;
}
