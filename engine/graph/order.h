// Pass 1, order: which nodes the outputs need, in an order that respects every dependency.
#pragma once

#include <vector>

#include "fovea/op.hpp"

namespace fovea {

// The needed nodes of a graph in the order they were added, which is a topological one. Nodes that update a
// State are always needed.
std::vector<Node> order(const std::vector<Value>& values, const std::vector<Node>& nodes,
                        const std::vector<ValueId>& outputs);

}  // namespace fovea
