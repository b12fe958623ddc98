// What translate is asked for on its command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <fovea/translator.hpp>
#include <functional>
#include <string>
#include <vector>

struct Options {
  std::string model, device, tokenizer = "auto", prefix, targets, attention, page;
  std::vector<std::string> suppressed;                          // texts
  std::vector<std::function<void(fovea::Decoding&)>> settings;  // what replaces the model's own
  int64_t batch = 32, layer = 0, head = 0;                      // layer 0: the last, head 0: their mean
  bool json = false, replace_unknown = false;
};

void add_options(CLI::App& app, Options& options);

// What the model's own settings become. Wrong usage: settings that do not fit together.
fovea::TranslateOptions translate_options(const Options& options, fovea::Decoding decoding);
