// Checks of a PatchGrid.
#pragma once

#include <string>

#include "fovea/heatmap.hpp"

namespace fovea {

// grid.tokens(). Error, beginning with `where`: none of something, or more than 65536 tokens.
int64_t checked_tokens(const std::string& where, const PatchGrid& grid);

}  // namespace fovea
