// What vit is asked for on its command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

struct Options {
  std::string model, device, attention, page;
  std::vector<std::string> images;
  int64_t top = 5, batch = 1, layer = 0;  // layer 0: all of them
  bool json = false, logits = false;
};

void add_options(CLI::App& app, Options& options);

// The directory of --model, or the shipped one of the sources that the program or the current folder is in.
// Wrong usage: there is none.
std::string find_model(const Options& options, const std::filesystem::path& program);

// --attention OUT.png: OUT.png for the only image, OUT-<stem>.png for one of several.
std::filesystem::path overlay_path(const Options& options, const std::filesystem::path& image);

// Wrong usage: the overlays of two images would be one file.
void check_overlay_paths(const Options& options);
