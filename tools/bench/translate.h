// The translate case: whole translations, as a user of Translator sees them.
#pragma once

#include <string>

#include "fovea/fovea.hpp"

namespace fovea::bench {

struct TranslateCase {
  std::string model;  // directory
  std::string lines;  // file of sources, one a line; of a line with tabs the first field
  int runs = 10;
  bool json = false;
};

// Greedy, the first 64 lines, in batches of 1 and of 64: a row or a JSON object each.
void measure_translate(Device& device, const TranslateCase& what);

}  // namespace fovea::bench
