#include "options.h"

namespace {

void add_file_options(CLI::App& app, Options& o) {
  app.add_option("--data", o.data, "folder of class folders to learn from")->required();
  app.add_option("--validation", o.validation, "folder of class folders to measure with")->required();
  app.add_option("--from", o.from, "directory of a model to go on teaching, instead of a fresh one");
  app.add_option("--out", o.out, "directory for model, checkpoint and loss curve")->required();
  app.add_option("--log", o.log, "file for JSON lines");
  app.add_flag("--resume", o.resume, "go on from the checkpoint in --out");
  app.add_option("--save-every", o.save_every, "steps between checkpoints")->capture_default_str();
  app.add_option("--device", o.device, "index or part of the name");
}

void add_training_options(CLI::App& app, Options& o) {
  app.add_option("--epochs", o.epochs)->capture_default_str();
  app.add_option("--batch", o.images.batch, "images a step")->capture_default_str();
  app.add_option("--rate", o.rate, "highest learning rate")->capture_default_str();
  app.add_option("--warmup", o.warmup, "steps")->capture_default_str();
  app.add_option("--weight-decay", o.optimizer.weight_decay)->capture_default_str();
  app.add_option("--average", o.optimizer.average, "decay of a moving average of the weights; 0: none");
  app.add_option("--dropout", o.dropout)->capture_default_str();
  app.add_option("--smoothing", o.smoothing, "of labels")->capture_default_str();
  app.add_option("--mixup", o.images.mixup, "alpha; 0: none")->capture_default_str();
  app.add_option("--pad", o.images.pad, "pixels around an image before its random crop")
      ->capture_default_str();
  app.add_option("--crop", o.images.crop_area[0],
                 "least share of an image that its random crop shows; 1: all")
      ->capture_default_str();
  app.add_flag("--flip,!--no-flip", o.images.flip, "mirror every other image; on by default");
  app.add_option("--seed", o.images.seed)->capture_default_str();
  app.add_option("--patience", o.patience, "epochs without a better validation; 0: all")
      ->capture_default_str();
  app.add_option("--stop-after", o.stop_after, "steps of this run, as if interrupted; 0: all");
}

void add_model_options(CLI::App& app, Options& o) {
  app.add_option_function<int64_t>(
         "--size", [&o](int64_t size) { o.model.height = o.model.width = size; }, "pixels a side")
      ->default_str(std::to_string(o.model.height));
  app.add_option("--patch", o.model.patch)->capture_default_str();
  app.add_option("--width", o.model.embedding)->capture_default_str();
  app.add_option("--depth", o.model.depth)->capture_default_str();
  app.add_option("--heads", o.model.heads)->capture_default_str();
  app.add_option("--hidden", o.model.hidden, "of the feed-forward network")->capture_default_str();
}

}  // namespace

void add_options(CLI::App& app, Options& options) {
  add_file_options(app, options);
  add_training_options(app, options);
  add_model_options(app, options);
}

fovea::Schedule schedule(const Options& options, int64_t steps_per_epoch) {
  return {.kind = fovea::Schedule::Kind::cosine,
          .rate = options.rate,
          .warmup = options.warmup,
          .steps = options.epochs * steps_per_epoch,
          .last = options.rate / 100};
}

fovea::ImageOptions plain(fovea::ImageOptions images) {
  images.shuffle = images.flip = false;
  images.partial = true;
  images.pad = 0;
  images.crop_area = {1, 1};
  images.mixup = 0;
  return images;
}
