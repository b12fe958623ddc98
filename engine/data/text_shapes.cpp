#include "data/text_shapes.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "core/check.h"

namespace fovea {
namespace {

constexpr size_t kMostGroups = 256;  // to start merging from: the search is cubic in them

struct Group {
  int64_t source, target, pairs;
};

int64_t rounded(int64_t length, int64_t multiple) { return (length + multiple - 1) / multiple * multiple; }

int64_t rows_of(const Group& group, int64_t tokens) { return tokens / std::max(group.source, group.target); }

// Tokens of both sides in an epoch's batches of the group, the padding counted.
int64_t cost(const Group& group, int64_t tokens) {
  const int64_t rows = std::max<int64_t>(rows_of(group, tokens), 1);
  return (group.pairs + rows - 1) / rows * rows * (group.source + group.target);
}

Group merged(const Group& a, const Group& b) {
  return {std::max(a.source, b.source), std::max(a.target, b.target), a.pairs + b.pairs};
}

// Pairs by their lengths, rounded up to the multiple, or where that makes too many groups to a larger one.
std::vector<Group> group(const std::vector<Lengths>& pairs, int64_t multiple) {
  std::vector<Group> groups;
  for (int64_t width = multiple; groups.empty() || groups.size() > kMostGroups; width *= 2) {
    std::map<std::pair<int64_t, int64_t>, Group> cells;
    for (const Lengths& pair : pairs) {
      Group& cell = cells[{rounded(pair.source, width), rounded(pair.target, width)}];
      cell = merged(cell, {rounded(pair.source, multiple), rounded(pair.target, multiple), 1});
    }
    groups.clear();
    for (const auto& [lengths, cell] : cells) groups.push_back(cell);
  }
  return groups;
}

struct Merge {
  size_t first = 0, second = 0;
  int64_t added = std::numeric_limits<int64_t>::max();  // tokens of an epoch
};

Merge cheapest_merge(const std::vector<Group>& groups, int64_t tokens) {
  std::vector<int64_t> costs;
  for (const Group& each : groups) costs.push_back(cost(each, tokens));
  Merge best;
  for (size_t i = 0; i < groups.size(); ++i)
    for (size_t j = i + 1; j < groups.size(); ++j) {
      const int64_t added = cost(merged(groups[i], groups[j]), tokens) - costs[i] - costs[j];
      if (added < best.added) best = {i, j, added};
    }
  return best;
}

}  // namespace

std::vector<TextShape> choose_shapes(const std::vector<Lengths>& pairs, const TextOptions& options) {
  FOVEA_CHECK(!pairs.empty(), "text shapes: 0 pairs, at least 1 is needed");
  std::vector<Group> groups = group(pairs, options.multiple);
  while (groups.size() > 1) {
    const Merge merge = cheapest_merge(groups, options.tokens);
    if (groups.size() <= size_t(options.shapes) && merge.added > 0) break;
    groups[merge.first] = merged(groups[merge.first], groups[merge.second]);
    groups.erase(groups.begin() + int64_t(merge.second));
  }
  std::vector<TextShape> shapes;
  for (const Group& each : groups) {
    const int64_t rows = rows_of(each, options.tokens);
    FOVEA_CHECK(rows >= 1, "text: a batch of ", options.tokens, " tokens, the longest pairs take ",
                std::max(each.source, each.target), ": raise tokens, or leave out more by longest");
    shapes.push_back({rows, each.source, each.target});
  }
  std::ranges::sort(
      shapes, {}, [](const TextShape& shape) { return std::pair(shape.source_length, shape.target_length); });
  return shapes;
}

size_t shape_of(const Lengths& pair, const std::vector<TextShape>& shapes) {
  size_t best = shapes.size();
  const auto size = [&](size_t at) { return shapes[at].source_length + shapes[at].target_length; };
  for (size_t at = 0; at < shapes.size(); ++at) {
    if (pair.source > shapes[at].source_length || pair.target > shapes[at].target_length) continue;
    if (best == shapes.size() || size(at) < size(best)) best = at;
  }
  FOVEA_CHECK(best < shapes.size(), "text shapes: none for lengths ", pair.source, " and ", pair.target);
  return best;
}

}  // namespace fovea
