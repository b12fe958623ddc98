// train_vit: trains a Vision Transformer on a folder of class folders of images.
//
//   train_vit --data DIR --validation DIR --out DIR [--epochs N] [--batch N] [--rate R] [--resume] ...
//
// The best model so far lies in --out as a Hugging Face directory that `vit` and transformers load; beside it
// the checkpoint that --resume goes on from, and the loss curve. Ctrl-C saves a checkpoint and leaves. Exits
// with 0, 1 after an error, 2 on wrong usage.
// Needs FOVEA_TRAINING.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fovea/curve.hpp>
#include <fovea/fovea.hpp>

#include "options.h"
#include "step.h"

namespace {

namespace fs = std::filesystem;

std::atomic<bool> interrupted = false;

void interrupt(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);  // a second one ends at once
}

// Share of the validation images whose most probable class is theirs.
double accuracy(fovea::VisionTransformer& model, const fovea::ImageBatches& batches) {
  const size_t classes = model.config().labels.size();
  std::vector<float> logits;  // (images, classes)
  std::vector<uint32_t> right;
  for (int64_t i = 0; i < batches.batches(); ++i) {
    const fovea::ImageBatch batch = batches.batch(uint64_t(i));
    const std::vector<float> made = model.run(batch.pixels, int64_t(batch.labels.size())).logits;
    logits.insert(logits.end(), made.begin(), made.begin() + batch.count * int64_t(classes));
    right.insert(right.end(), batch.labels.begin(), batch.labels.begin() + batch.count);
  }
  return fovea::top_k_accuracy(logits, right, 1).percent() / 100;
}

void check_classes(const std::string& where, const fovea::ImageFolder& folder,
                   const fovea::VisionTransformer& model) {
  if (folder.classes() == model.config().labels) return;
  throw fovea::Error(fmt::format("{}: class folders {}, the model has {}", where,
                                 fmt::join(folder.classes(), ", "), fmt::join(model.config().labels, ", ")));
}

// What a training starts with: the model of --from, or one that has learnt nothing yet.
void begin(const Options& options) {
  if (options.from.empty()) {
    fovea::write_fresh_vit(options.out, options.model, options.images.seed);
    return;
  }
  fs::create_directories(options.out);
  for (const char* file : {"config.json", "model.safetensors"})
    fs::copy_file(fs::path(options.from) / file, fs::path(options.out) / file,
                  fs::copy_options::overwrite_existing);
}

void train(Options& options) {
  const fovea::ImageFolder folder(options.data), held_out(options.validation);
  const std::string checkpoint = options.out + "/checkpoint.safetensors";
  if (!options.resume) fovea::expect_no_checkpoint(checkpoint);

  // The model: a fresh one, or the one that lies there.
  fovea::Device device({.name = options.device, .cache = fovea::cache_folder()});
  options.model.labels = folder.classes();
  if (!options.resume) begin(options);
  fovea::VisionTransformer model(device, options.out, fovea::Use::training);
  check_classes(options.data, folder, model);
  check_classes(options.validation, held_out, model);
  options.images.size = int(model.config().height);
  fovea::Preprocessor::vit(options.images.size).save(options.out);

  // What a step needs.
  fovea::State generator(device, {4}, fovea::DType::u32);  // of dropout: seed, step
  generator.write(std::vector<uint32_t>{uint32_t(options.images.seed), 0, 0, 0});
  fovea::Optimizer optimizer(device, model.parameters(), options.optimizer);
  Step step(device, options, model, optimizer, generator);
  const fovea::ImageBatches batches(folder, options.images), tests(held_out, plain(options.images));

  // The loop.
  fovea::TrainLog log({.file = options.log});
  log.note(fmt::format("{}: {} images of {} classes, {} parameters, {} steps an epoch", device.info().name,
                       folder.size(), folder.classes().size(), optimizer.elements(), batches.batches()));
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
  fovea::Loader<fovea::ImageBatch> loader([&](uint64_t index) { return batches.batch(index); },
                                          uint64_t(trainer.progress().step));
  const auto end = trainer.run([&](int64_t, std::span<const float> control) {
    --steps_left;
    return step.run(loader.next(), control);
  });

  // What is left of it.
  const fovea::Progress& progress = trainer.progress();
  fovea::write_loss_curve(options.out + "/loss.png", progress.losses, progress.measures,
                          {.validation = "accuracy"});
  log.note(end == fovea::Trainer::End::interrupted
               ? "interrupted: --resume goes on from " + checkpoint
               : fmt::format("best accuracy {:.4f}; model and loss.png in {}", progress.best, options.out));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains a Vision Transformer on a folder of class folders of images.");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, interrupt);
    train(options);
    return 0;
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "train_vit: {}\n", problem.what());
    return 1;
  }
}
