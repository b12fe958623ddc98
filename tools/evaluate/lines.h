// How good lines are, measured against references.
#pragma once

#include <string>
#include <vector>

#include "fovea/metrics.hpp"

namespace fovea {

struct LineSettings {
  std::vector<std::string> references;  // files
  std::string hypotheses;               // file; empty for the standard input
  int column = 0;                       // of the references, from 1; 0: the whole line
};
struct LineScores {
  Ratio matches, errors;  // against the first file of references
  Bleu bleu;              // against all of them
};

// Error: files that cannot be read, of other numbers of lines, or without the column.
LineScores line_scores(const LineSettings& settings);

}  // namespace fovea
