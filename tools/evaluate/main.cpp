// evaluate: how good translations are, line by line against references, or classes of images.
//
//   translate < source.txt | evaluate --references expected.txt
//   evaluate --references pairs.tsv --column 2 --hypotheses translated.txt --json
//   evaluate --images FOLDER --model DIR
//
// Of lines it prints how many there are, how many are their reference exactly, the character error rate
// (edits of code points over the references' code points) and BLEU as sacreBLEU computes it, with its
// signature. Lines end in LF or CRLF. Of several files of references the first counts, for BLEU all of them.
// Of images in class folders it prints how often the model's first and first five classes hold the right
// one. Exits with 0, 1 when the files do not fit together or cannot be read, 2 on wrong usage.
// Needs FOVEA_TRAINING.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "images.h"
#include "lines.h"

namespace {

struct Settings {
  fovea::LineSettings lines;
  fovea::ImageSettings images;
  bool as_json = false;
};

void add_options(CLI::App& app, Settings& settings) {
  auto* references =
      app.add_option("--references", settings.lines.references,
                     "the lines as they should be; of several files the first counts, for BLEU all of them");
  auto* hypotheses = app.add_option("--hypotheses", settings.lines.hypotheses,
                                    "the lines to measure; default: the standard input");
  auto* column =
      app.add_option("--column", settings.lines.column, "the references are this column of a TSV, from 1")
          ->check(CLI::PositiveNumber);
  auto* images = app.add_option("--images", settings.images.folder,
                                "a folder of folders of images, each with a label of the model as its name, "
                                "or with one of the names that its label has between commas");
  auto* model =
      app.add_option("--model", settings.images.model, "Hugging Face directory of type vit or deit");
  auto* device =
      app.add_option("--device", settings.images.device, "index or part of the name, see fovea-info");
  auto* batch = app.add_option("--batch", settings.images.batch, "images a forward pass, 16 by default")
                    ->check(CLI::PositiveNumber);
  app.add_flag("--json", settings.as_json, "one JSON object instead of text");
  for (CLI::Option* option : {hypotheses, column}) option->needs(references);
  for (CLI::Option* option : {model, device, batch}) option->needs(images);
  images->needs(model)->excludes(references);
}

void print(const fovea::LineScores& scores, bool as_json) {
  const auto& [matches, errors, bleu] = scores;
  if (as_json) {
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

void print(const fovea::ImageAccuracy& seen, bool as_json) {
  if (as_json) {
    const nlohmann::json all = {{"images", seen.top1.whole}, {"class_folders", seen.folders},
                                {"top1", seen.top1.part},    {"top1_percent", seen.top1.percent()},
                                {"top5", seen.top5.part},    {"top5_percent", seen.top5.percent()},
                                {"device", seen.device}};
    fmt::print("{}\n", all.dump(2));
    return;
  }
  fmt::print("images    {} in {} class folders\n", seen.top1.whole, seen.folders);
  fmt::print("top-1     {:.2f} % ({} images)\n", seen.top1.percent(), seen.top1.part);
  fmt::print("top-5     {:.2f} % ({} images)\n", seen.top5.percent(), seen.top5.part);
  fmt::print("  on {}\n", seen.device);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Measures translations against references, line by line: exact matches, character error rate, "
      "BLEU.\nOr measures the classes that a Vision Transformer gives to images: top-1 and top-5.");
  Settings settings;
  add_options(app, settings);
  try {
    app.parse(argc, argv);
    if (!settings.lines.references.empty())
      print(fovea::line_scores(settings.lines), settings.as_json);
    else if (!settings.images.folder.empty())
      print(fovea::image_accuracy(settings.images), settings.as_json);
    else
      throw CLI::RequiredError("--references or --images");
    return 0;
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "evaluate: {}\n", problem.what());
    return 1;
  }
}
