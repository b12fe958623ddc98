// What the table of all lengths says: how costs grow, where one layer becomes dearer than another, and what a
// long input takes.
#pragma once

#include "../common/sample.h"
#include "layers.h"

struct Settings {
  static constexpr int64_t kLongest = 8192;

  int64_t width = 64, kernel = 3, runs = 9;
  std::vector<int64_t> lengths{16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
};

struct Row {
  int64_t n = 0, operations = 0, steps = 0, path = 0, reach = 0;
  uint32_t dispatches = 0;
  double milliseconds = 0;
};
using Rows = std::vector<Row>;  // a length each

// The exponents of n over the longest lengths, beside the textbook's.
void show_growth(Sample& sample, const std::vector<Rows>& all);
// From which length on self-attention is dearer than the RNN, in operations and in time.
void show_crossover(Sample& sample, const Layers& layers, const std::vector<Rows>& all);
// What a long input costs, and what can be done: the longest length, in ways that differ.
void show_long(Sample& sample, fovea::Device& device, const Layers& layers, const Settings& settings,
               const std::vector<Rows>& all);
