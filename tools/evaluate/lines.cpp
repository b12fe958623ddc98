#include "lines.h"

#include <iostream>
#include <iterator>
#include <string_view>

#include "core/check.h"
#include "io/file.h"
#include "text/utf8.h"

namespace fovea {
namespace {

// Keeps the given column of lines whose columns are parted by tabs.
void take_column(std::vector<std::string>& lines, int column, const std::string& file) {
  for (size_t number = 0; number < lines.size(); ++number) {
    std::string_view line = lines[number];
    for (int passed = 1; passed < column; ++passed) {
      const size_t tab = line.find('\t');
      FOVEA_CHECK(tab != line.npos, file, ":", number + 1, ": expected ", column, " columns, got ", passed);
      line.remove_prefix(tab + 1);
    }
    lines[number] = std::string(line.substr(0, line.find('\t')));
  }
}

std::string read_input() {
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  FOVEA_CHECK(!std::cin.bad(), "standard input: cannot be read beyond byte ", text.size());
  return text;
}

}  // namespace

LineScores line_scores(const LineSettings& settings) {
  std::vector<std::vector<std::string>> references;
  for (const std::string& file : settings.references) {
    references.push_back(lines_of(read_text(file), file));
    if (settings.column > 0) take_column(references.back(), settings.column, file);
  }
  const bool piped = settings.hypotheses.empty();
  const std::string name = piped ? "standard input" : settings.hypotheses;
  const std::vector<std::string> hypotheses =
      lines_of(piped ? read_input() : read_text(settings.hypotheses), name);
  for (size_t i = 0; i < references.size(); ++i)
    FOVEA_CHECK(hypotheses.size() == references[i].size(), name, ": ", hypotheses.size(), " lines, ",
                settings.references[i], ": ", references[i].size(), " lines");
  const std::vector<Lines> all(references.begin(), references.end());
  return {.matches = exact_match(hypotheses, references[0]),
          .errors = character_errors(hypotheses, references[0]),
          .bleu = corpus_bleu(hypotheses, all)};
}

}  // namespace fovea
