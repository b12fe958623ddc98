// What a classifier says, from its logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

struct Likely {
  size_t label;
  double probability;
};

// The most probable labels, at most `count`; of equal ones the first comes first.
inline std::vector<Likely> likeliest(std::span<const float> logits, size_t count) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::stable_sort(order, std::greater(), [&](size_t i) { return logits[i]; });
  order.resize(std::min(order.size(), count));
  std::vector<Likely> all;
  for (const size_t i : order) all.push_back({i, std::exp(logits[i] - largest) / sum});
  return all;
}
