// A Vision Transformer that learns classes, in the sizes of the chapter or smaller.
#pragma once

#include <fovea/fovea.hpp>

#include "../common/sample.h"

struct TrainOptions {
  int64_t steps = 60, epochs = 0, batch = 32;  // epochs of data, in place of steps
  int64_t image_size = 32, patch_size = 8, width = 64, hidden = 128, heads = 4, blocks = 2;
  float dropout = 0.1f, rate = 0.1f;
  std::string data;            // a folder of class folders; empty: squares
  std::string pool = "class";  // what is classified: the class token, or the mean of all tokens
};

void add_options(CLI::App& app, TrainOptions& options);
void train(Sample& sample, const TrainOptions& options, fovea::Device& device);
