// evaluate: how good translations are, line by line against references.
//
//   translate < source.txt | evaluate --references expected.txt
//   evaluate --references pairs.tsv --column 2 --hypotheses translated.txt --json
//
// Prints the number of lines, how many are their reference exactly, and the character error rate: edits of
// code points over the references' code points. Lines end in LF or CRLF. Exits with 0, 1 when the files do
// not fit together or cannot be read, 2 on wrong usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "io/file.h"
#include "io/metrics.h"
#include "io/utf8.h"

namespace {

using fovea::Ratio;

struct Settings {
  std::string references, hypotheses;  // hypotheses: empty for the standard input
  int column = 0;                      // of the references, from 1; 0: the whole line
  bool as_json = false;
};

std::vector<std::string> lines_of(std::string_view text, const std::string& file) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    fovea::check_utf8(line, fovea::concat(file, ":", lines.size() + 1));
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

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
  FOVEA_CHECK(!std::cin.bad(), "cannot read the standard input");
  return text;
}

void evaluate(const Settings& settings) {
  std::vector<std::string> references = lines_of(fovea::read_text(settings.references), settings.references);
  if (settings.column > 0) take_column(references, settings.column, settings.references);
  const bool piped = settings.hypotheses.empty();
  const std::string name = piped ? "standard input" : settings.hypotheses;
  const std::vector<std::string> hypotheses =
      lines_of(piped ? read_input() : fovea::read_text(settings.hypotheses), name);
  FOVEA_CHECK(hypotheses.size() == references.size(), name, ": ", hypotheses.size(), " lines, ",
              settings.references, ": ", references.size(), " lines");

  const Ratio matches = fovea::exact_match(hypotheses, references);
  const Ratio errors = fovea::character_errors(hypotheses, references);
  if (settings.as_json) {
    const nlohmann::json all = {{"lines", matches.whole},
                                {"exact_matches", matches.part},
                                {"exact_match_percent", matches.percent()},
                                {"character_edits", errors.part},
                                {"reference_characters", errors.whole},
                                {"character_error_percent", errors.percent()}};
    fmt::print("{}\n", all.dump(2));
    return;
  }
  fmt::print("lines                 {}\n", matches.whole);
  fmt::print("exact match           {:.2f} % ({} lines)\n", matches.percent(), matches.part);
  fmt::print("character error rate  {:.2f} % ({} edits of {} characters)\n", errors.percent(), errors.part,
             errors.whole);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures translations against references, line by line.");
  Settings settings;
  app.add_option("--references", settings.references, "the lines as they should be")->required();
  app.add_option("--hypotheses", settings.hypotheses, "the lines to measure; default: the standard input");
  app.add_option("--column", settings.column, "the references are this column of a TSV, from 1")
      ->check(CLI::PositiveNumber);
  app.add_flag("--json", settings.as_json, "one JSON object instead of text");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  try {
    evaluate(settings);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "evaluate: {}\n", problem.what());
    return 1;
  }
}
