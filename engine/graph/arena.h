// Pass 4, arena: one block of memory in which values that are never alive together share bytes.
#pragma once

#include <vector>

#include "graph/lifetimes.h"

namespace fovea {

constexpr uint64_t kArenaAlignment = 256;
constexpr uint64_t arena_aligned(uint64_t bytes) {
  return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

struct Arena {
  std::vector<uint64_t> offsets;  // of each lifetime, in their order
  uint64_t bytes = 0;
};

// Greedy best fit, tried in several orders; the smallest result wins. Deterministic.
Arena arena(const std::vector<Lifetime>& lifetimes);

// Every value on its own, a gap before and behind each: the plan with guard words.
Arena spread(const std::vector<Lifetime>& lifetimes, uint64_t gap);

}  // namespace fovea
