// How good lines of text are, measured against references: hypotheses[i] belongs to references[i].
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace fovea {

struct Ratio {
  uint64_t part = 0, whole = 1;
  double percent() const { return 100.0 * double(part) / double(whole); }
};

using Lines = std::span<const std::string>;

// Lines that are their reference byte for byte, of all lines. Error: no lines, or not as many of either.
Ratio exact_match(Lines hypotheses, Lines references);

// Edits (insertions, deletions, substitutions of code points: Levenshtein's distance) that turn the
// hypotheses into the references, of the references' code points: above 100 % where hypotheses are far too
// long. Error: as exact_match, text that is not UTF-8, or references without any character.
Ratio character_errors(Lines hypotheses, Lines references);

}  // namespace fovea
