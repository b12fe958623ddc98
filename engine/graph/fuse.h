// Pass 2, fuse: folds bias, activation and residual nodes into the end of the node that makes their input.
#pragma once

#include <vector>

#include "fovea/op.hpp"

namespace fovea {

// A node with an epilogue goes into the maker of its input when that maker can absorb it and nothing else
// reads the value between them. The result stands where the folded node stood.
std::vector<Node> fuse(const std::vector<Value>& values, std::vector<Node> nodes,
                       const std::vector<ValueId>& outputs);

}  // namespace fovea
