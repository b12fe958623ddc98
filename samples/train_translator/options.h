// What train_translator is asked for on its command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <fovea/fovea.hpp>
#include <string>
#include <vector>

struct Options {
  std::string pairs, source, target, from, out, log, device, validate;
  std::vector<std::string> leave_out;  // "N:R": lines whose number, from 0, leaves R modulo N
  fovea::TransformerConfig model{.width = 192, .heads = 4, .hidden = 768};
  fovea::SentencePieceOptions pieces{.vocab = 6000};
  fovea::TextOptions text{.tokens = 4096, .shapes = 8, .longest = 64, .seed = 1};
  fovea::OptimizerOptions optimizer{.beta2 = 0.98f, .eps = 1e-9f, .clip = 1};
  float rate = 1e-3f, dropout = 0.1f, smoothing = 0.1f;
  int64_t epochs = 10, warmup = 1000, patience = 0, save_every = 500, stop_after = 0, validation_lines = 500;
  bool resume = false;
};

void add_options(CLI::App& app, Options& options);
