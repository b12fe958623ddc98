// evaluate: how good translations are, line by line against references, or classes of pictures.
//
//   translate < source.txt | evaluate --references expected.txt
//   evaluate --references pairs.tsv --column 2 --hypotheses translated.txt --json
//   evaluate --images FOLDER --model DIR
//
// Of lines it prints how many there are, how many are their reference exactly, the character error rate
// (edits of code points over the references' code points) and BLEU as sacreBLEU computes it, with its
// signature. Lines end in LF or CRLF. Of several files of references the first counts, for BLEU all of them.
// Of pictures in class folders it prints how often the model's first and first five classes hold the right
// one. Exits with 0, 1 when the files do not fit together or cannot be read, 2 on wrong usage.
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
#include "images.h"
#include "io/file.h"
#include "fovea/metrics.hpp"
#include "text/utf8.h"

namespace {

using fovea::Ratio;

struct Settings {
  std::vector<std::string> references;  // files
  std::string hypotheses;               // file; empty for the standard input
  int column = 0;                       // of the references, from 1; 0: the whole line
  fovea::ImageSettings images;
  bool as_json = false;
};

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

void evaluate_lines(const Settings& settings) {
  std::vector<std::vector<std::string>> references;
  for (const std::string& file : settings.references) {
    references.push_back(fovea::lines_of(fovea::read_text(file), file));
    if (settings.column > 0) take_column(references.back(), settings.column, file);
  }
  const bool piped = settings.hypotheses.empty();
  const std::string name = piped ? "standard input" : settings.hypotheses;
  const std::vector<std::string> hypotheses =
      fovea::lines_of(piped ? read_input() : fovea::read_text(settings.hypotheses), name);
  for (size_t i = 0; i < references.size(); ++i)
    FOVEA_CHECK(hypotheses.size() == references[i].size(), name, ": ", hypotheses.size(), " lines, ",
                settings.references[i], ": ", references[i].size(), " lines");

  const Ratio matches = fovea::exact_match(hypotheses, references[0]);
  const Ratio errors = fovea::character_errors(hypotheses, references[0]);
  const std::vector<fovea::Lines> all_references(references.begin(), references.end());
  const fovea::Bleu bleu = fovea::corpus_bleu(hypotheses, all_references);
  if (settings.as_json) {
    const nlohmann::json all = {{"lines", matches.whole},
                                {"exact_matches", matches.part},
                                {"exact_match_percent", matches.percent()},
                                {"character_edits", errors.part},
                                {"reference_characters", errors.whole},
                                {"character_error_percent", errors.percent()},
                                {"bleu", bleu.score},
                                {"bleu_precisions", bleu.precisions},
                                {"bleu_brevity_penalty", bleu.brevity_penalty},
                                {"bleu_signature", bleu.signature}};
    fmt::print("{}\n", all.dump(2));
    return;
  }
  fmt::print("lines                 {}\n", matches.whole);
  fmt::print("exact match           {:.2f} % ({} lines)\n", matches.percent(), matches.part);
  fmt::print("character error rate  {:.2f} % ({} edits of {} characters)\n", errors.percent(), errors.part,
             errors.whole);
  fmt::print("BLEU                  {:.2f} ({:.1f}/{:.1f}/{:.1f}/{:.1f}, brevity penalty {:.3f})\n",
             bleu.score, bleu.precisions[0], bleu.precisions[1], bleu.precisions[2], bleu.precisions[3],
             bleu.brevity_penalty);
  fmt::print("                      {}\n", bleu.signature);
}

void evaluate_images(const Settings& settings) {
  const fovea::ImageAccuracy seen = fovea::image_accuracy(settings.images);
  if (settings.as_json) {
    const nlohmann::json all = {{"pictures", seen.top1.whole}, {"class_folders", seen.folders},
                                {"top1", seen.top1.part},      {"top1_percent", seen.top1.percent()},
                                {"top5", seen.top5.part},      {"top5_percent", seen.top5.percent()},
                                {"device", seen.device}};
    fmt::print("{}\n", all.dump(2));
    return;
  }
  fmt::print("pictures  {} in {} class folders\n", seen.top1.whole, seen.folders);
  fmt::print("top-1     {:.2f} % ({} pictures)\n", seen.top1.percent(), seen.top1.part);
  fmt::print("top-5     {:.2f} % ({} pictures)\n", seen.top5.percent(), seen.top5.part);
  fmt::print("  on {}\n", seen.device);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Measures translations against references, line by line: exact matches, character error rate, "
      "BLEU.\nOr measures the classes that a Vision Transformer gives to pictures: top-1 and top-5.");
  Settings settings;
  auto* references =
      app.add_option("--references", settings.references,
                     "the lines as they should be; of several files the first counts, for BLEU all of them");
  auto* hypotheses = app.add_option("--hypotheses", settings.hypotheses,
                                    "the lines to measure; default: the standard input");
  auto* column =
      app.add_option("--column", settings.column, "the references are this column of a TSV, from 1")
          ->check(CLI::PositiveNumber);
  auto* images =
      app.add_option("--images", settings.images.folder,
                     "a folder of folders of pictures, each with a label of the model as its name, "
                     "or with one of the names that its label has between commas");
  auto* model =
      app.add_option("--model", settings.images.model, "Hugging Face directory of type vit or deit");
  auto* device =
      app.add_option("--device", settings.images.device, "index or part of the name, see fovea-info");
  auto* batch = app.add_option("--batch", settings.images.batch, "pictures a forward pass, 16 by default")
                    ->check(CLI::PositiveNumber);
  app.add_flag("--json", settings.as_json, "one JSON object instead of text");
  for (CLI::Option* option : {hypotheses, column}) option->needs(references);
  for (CLI::Option* option : {model, device, batch}) option->needs(images);
  images->needs(model)->excludes(references);
  try {
    app.parse(argc, argv);
    if (settings.references.empty() && settings.images.folder.empty())
      throw CLI::RequiredError("--references or --images");
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  try {
    settings.references.empty() ? evaluate_images(settings) : evaluate_lines(settings);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "evaluate: {}\n", problem.what());
    return 1;
  }
}
