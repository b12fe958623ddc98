#include "graph/lifetimes.h"

#include <algorithm>

namespace fovea {

std::vector<Lifetime> lifetimes(const std::vector<Value>& values, const std::vector<Node>& nodes,
                                const std::vector<ValueId>& outputs) {
  std::vector<bool> stays(values.size(), false);
  for (ValueId output : outputs) stays[values[output].base] = true;

  constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> place(values.size(), kNone);
  std::vector<Lifetime> result;
  for (size_t step = 0; step < nodes.size(); ++step) {
    for (ValueId input : nodes[step].inputs) {
      if (input == kNoValue || place[values[input].base] == kNone) continue;
      result[place[values[input].base]].last = step;
    }
    for (ValueId made : nodes[step].outputs) {
      if (stays[made] || values[made].state) continue;
      place[made] = result.size();
      result.push_back({made, values[made].bytes, step, step});
    }
  }
  return result;
}

uint64_t largest_live_set(const std::vector<Lifetime>& lifetimes) {
  size_t steps = 0;
  for (const Lifetime& life : lifetimes) steps = std::max(steps, life.last + 1);
  std::vector<uint64_t> live(steps, 0);
  for (const Lifetime& life : lifetimes)
    for (size_t step = life.first; step <= life.last; ++step) live[step] += life.bytes;
  return live.empty() ? 0 : *std::max_element(live.begin(), live.end());
}

}  // namespace fovea
