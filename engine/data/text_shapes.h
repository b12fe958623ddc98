// The shapes of batches of text: a pure choice.
#pragma once

#include <vector>

#include "fovea/data.hpp"

namespace fovea {

// Lengths of a pair, with its start and end.
struct Lengths {
  int64_t source = 0, target = 0;
};

// At most options.shapes shapes, each pair fitting into one of them: from the pairs' own lengths, rounded up
// to options.multiple, those two shapes are merged again and again whose union adds the least padding to an
// epoch (its last, partly filled batches counted), also below the limit as long as that saves some. Sorted by
// source_length, then target_length. Error: a batch of options.tokens has no room for a row.
std::vector<TextShape> choose_shapes(const std::vector<Lengths>& pairs, const TextOptions& options);

// The shape in which the pair leaves the least padding.
size_t shape_of(const Lengths& pair, const std::vector<TextShape>& shapes);

}  // namespace fovea
