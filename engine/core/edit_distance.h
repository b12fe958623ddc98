// Levenshtein's distance: insertions, deletions and substitutions that turn one sequence into another.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace fovea {

template <typename Sequence>
size_t edit_distance(const Sequence& from, const Sequence& to) {
  if (from == to) return 0;
  std::vector<size_t> row(to.size() + 1);  // from the part of `from` read so far to each start of `to`
  std::iota(row.begin(), row.end(), size_t(0));
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t substituted = diagonal + (from[i] != to[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace fovea
