// Pass 3, lifetimes: from which step to which step each intermediate must keep its bytes.
#pragma once

#include <vector>

#include "fovea/op.hpp"

namespace fovea {

struct Lifetime {
  ValueId value = kNoValue;  // a base made by a node, neither output nor State
  uint64_t bytes = 0;
  size_t first = 0, last = 0;  // steps, both included
  bool operator==(const Lifetime&) const = default;
};

// In the order in which the values are made.
std::vector<Lifetime> lifetimes(const std::vector<Value>& values, const std::vector<Node>& nodes,
                                const std::vector<ValueId>& outputs);

// Bytes of the largest set alive at one step.
uint64_t largest_live_set(const std::vector<Lifetime>& lifetimes);

}  // namespace fovea
