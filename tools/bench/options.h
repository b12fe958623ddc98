// What bench is asked for on its command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cases.h"

namespace fovea::bench {

struct Options {
  std::vector<std::string> names;
  std::string shape, model, lines, device, peak = "16x4";
  int runs = 10;
  bool json = false;
};

void add_options(CLI::App& app, Options& options);

// Whether `name`, a case with a table of its own, is the one to measure. Wrong usage: it is not the only one,
// or an option that it needs is missing.
bool asks_for(const Options& options, const char* name);

// A row of the table.
struct Ask {
  std::string name;
  Sizes sizes;  // of kinds() only
};
// Wrong usage: a shape that does not fit, or no model for a case that was asked for by its name.
std::vector<Ask> asked_cases(const Options& options);

}  // namespace fovea::bench
