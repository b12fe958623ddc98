#include "io/metrics.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "io/utf8.h"

namespace fovea {
namespace {

void check_pairs(const char* metric, Lines hypotheses, Lines references) {
  FOVEA_CHECK(hypotheses.size() == references.size(), metric, ": ", hypotheses.size(), " hypotheses for ",
              references.size(), " references");
  FOVEA_CHECK(!references.empty(), metric, ": no lines");
}

// Each code point as a number: its bytes.
std::vector<uint32_t> code_points(const std::string& text) {
  std::vector<uint32_t> points;
  for (const std::string& character : characters(text)) {
    uint32_t point = 0;
    std::memcpy(&point, character.data(), character.size());
    points.push_back(point);
  }
  return points;
}

uint64_t distance(const std::vector<uint32_t>& from, const std::vector<uint32_t>& to) {
  if (from == to) return 0;
  // row[j]: the distance between the first i of `from` and the first j of `to`.
  std::vector<uint64_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), uint64_t(0));
  for (size_t i = 1; i <= from.size(); ++i) {
    uint64_t diagonal = row[0];  // (i - 1, j - 1)
    row[0] = i;
    for (size_t j = 1; j <= to.size(); ++j) {
      const uint64_t substituted = diagonal + (from[i - 1] != to[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

Ratio exact_match(Lines hypotheses, Lines references) {
  check_pairs("exact_match", hypotheses, references);
  Ratio matches{0, references.size()};
  for (size_t line = 0; line < references.size(); ++line)
    matches.part += hypotheses[line] == references[line];
  return matches;
}

Ratio character_errors(Lines hypotheses, Lines references) {
  check_pairs("character_errors", hypotheses, references);
  Ratio errors{0, 0};
  for (size_t line = 0; line < references.size(); ++line) {
    const std::vector<uint32_t> reference = code_points(references[line]);
    errors.part += distance(code_points(hypotheses[line]), reference);
    errors.whole += reference.size();
  }
  FOVEA_CHECK(errors.whole > 0, "character_errors: the references hold no character");
  return errors;
}

}  // namespace fovea
