#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "core/check.h"
#include "fovea/metrics.hpp"

namespace fovea {
namespace {

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> made;
  for (std::string word; in >> word;) made.push_back(word);
  return made;
}

using Counts = std::map<std::vector<std::string>, int64_t>;

Counts count_ngrams(const std::vector<std::string>& of, size_t order) {
  Counts counts;
  for (size_t first = 0; first + order <= of.size(); ++first)
    ++counts[{of.begin() + int64_t(first), of.begin() + int64_t(first + order)}];
  return counts;
}

}  // namespace

double sentence_bleu(const std::string& hypothesis, const std::string& reference, int64_t orders) {
  FOVEA_CHECK(orders >= 1, "sentence_bleu: ", orders, " orders, at least 1 is needed");
  const std::vector<std::string> said = words(hypothesis), wanted = words(reference);
  if (said.empty()) return 0;
  double score = std::exp(std::min(0.0, 1 - double(wanted.size()) / double(said.size())));
  const size_t most = std::min(size_t(orders), said.size());
  for (size_t order = 1; order <= most; ++order) {
    int64_t matches = 0;
    const Counts allowed = count_ngrams(wanted, order);
    for (const auto& [ngram, count] : count_ngrams(said, order)) {
      const auto found = allowed.find(ngram);
      if (found != allowed.end()) matches += std::min(count, found->second);
    }
    score *= std::pow(double(matches) / double(said.size() - order + 1), std::pow(0.5, double(order)));
  }
  return score;
}

}  // namespace fovea
