#include "fovea/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "core/edit_distance.h"
#include "text/utf8.h"

namespace fovea {
namespace {

void check_pairs(const char* metric, Lines hypotheses, Lines references) {
  FOVEA_CHECK(hypotheses.size() == references.size(), metric, ": ", hypotheses.size(), " hypotheses for ",
              references.size(), " references");
  FOVEA_CHECK(!references.empty(), metric, ": 0 lines, at least 1 is needed");
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
    errors.part += edit_distance(code_points(hypotheses[line]), reference);
    errors.whole += reference.size();
  }
  FOVEA_CHECK(errors.whole > 0, "character_errors: ", references.size(), " references without any character");
  return errors;
}

Ratio top_k_accuracy(std::span<const float> logits, std::span<const uint32_t> right, size_t k) {
  FOVEA_CHECK(!right.empty(), "top_k_accuracy: 0 rows, at least 1 is needed");
  FOVEA_CHECK(logits.size() % right.size() == 0, "top_k_accuracy: ", logits.size(), " logits for ",
              right.size(), " rows");
  const size_t classes = logits.size() / right.size();
  Ratio hits{0, right.size()};
  for (size_t row = 0; row < right.size(); ++row) {
    const std::span<const float> values = logits.subspan(row * classes, classes);
    FOVEA_CHECK(right[row] < classes, "top_k_accuracy: class ", right[row], " of ", classes, " in row ", row);
    FOVEA_CHECK(std::ranges::none_of(values, [](float v) { return std::isnan(v); }),
                "top_k_accuracy: NaN among the logits of row ", row);
    size_t larger = 0;
    for (size_t c = 0; c < classes; ++c)
      larger += values[c] > values[right[row]] || (values[c] == values[right[row]] && c < right[row]);
    hits.part += larger < k;
  }
  return hits;
}

}  // namespace fovea
