#include "graph/arena.h"

#include <algorithm>
#include <numeric>

namespace fovea {
namespace {

// Places the lifetimes in the given order, each into the smallest gap that holds it between those placed
// before that are alive at the same time.
Arena place(const std::vector<Lifetime>& lifetimes, const std::vector<size_t>& sequence) {
  Arena result{std::vector<uint64_t>(lifetimes.size(), 0), 0};
  std::vector<size_t> by_offset;  // placed so far, by rising offset
  for (size_t current : sequence) {
    const Lifetime& life = lifetimes[current];
    const uint64_t bytes = arena_aligned(life.bytes);
    uint64_t best_gap = UINT64_MAX, best_offset = 0, end = 0;
    for (size_t other : by_offset) {
      if (lifetimes[other].last < life.first || life.last < lifetimes[other].first) continue;
      const uint64_t start = result.offsets[other];
      if (start >= end && start - end >= bytes && start - end < best_gap) {
        best_gap = start - end;
        best_offset = end;
      }
      end = std::max(end, start + arena_aligned(lifetimes[other].bytes));
    }
    result.offsets[current] = best_gap == UINT64_MAX ? end : best_offset;
    result.bytes = std::max(result.bytes, result.offsets[current] + bytes);
    by_offset.insert(
        std::upper_bound(by_offset.begin(), by_offset.end(), current,
                         [&](size_t a, size_t b) { return result.offsets[a] < result.offsets[b]; }),
        current);
  }
  return result;
}

}  // namespace

Arena arena(const std::vector<Lifetime>& lifetimes) {
  std::vector<size_t> sequence(lifetimes.size());
  std::iota(sequence.begin(), sequence.end(), size_t{0});
  Arena best = place(lifetimes, sequence);  // in the order of use
  const auto try_order = [&](auto key) {
    std::stable_sort(sequence.begin(), sequence.end(),
                     [&](size_t a, size_t b) { return key(lifetimes[a]) > key(lifetimes[b]); });
    Arena candidate = place(lifetimes, sequence);
    if (candidate.bytes < best.bytes) best = std::move(candidate);
  };
  try_order([](const Lifetime& life) { return life.bytes; });
  try_order([](const Lifetime& life) { return life.last - life.first; });
  try_order([](const Lifetime& life) { return life.bytes * (life.last - life.first + 1); });
  return best;
}

Arena spread(const std::vector<Lifetime>& lifetimes, uint64_t gap) {
  Arena result;
  for (const Lifetime& life : lifetimes) {
    result.offsets.push_back(result.bytes + gap);
    result.bytes += gap + arena_aligned(life.bytes);
  }
  result.bytes += gap;
  return result;
}

}  // namespace fovea
