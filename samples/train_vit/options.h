// What train_vit is asked for on its command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <fovea/fovea.hpp>
#include <string>

struct Options {
  std::string data, validation, from, out, log, device;
  fovea::ViTConfig model{
      .height = 32, .width = 32, .patch = 4, .embedding = 192, .depth = 6, .heads = 3, .hidden = 768};
  fovea::ImageOptions images{.seed = 1, .partial = false, .flip = true, .pad = 4};
  fovea::OptimizerOptions optimizer{.weight_decay = 0.05f, .clip = 1};
  float rate = 1e-3f, dropout = 0, smoothing = 0.1f;
  int64_t epochs = 20, warmup = 300, patience = 0, save_every = 500, stop_after = 0;
  bool resume = false;
};

void add_options(CLI::App& app, Options& options);

fovea::Schedule schedule(const Options& options, int64_t steps_per_epoch);

// Images of the validation as they are: resized and cropped to the model's size, nothing at random.
fovea::ImageOptions plain(fovea::ImageOptions images);
