// diacritize: the vowel signs of Arabic lines, and what a trained network looked at to find them.
//
//   diacritize --model DIR [--out DIR] [LINE...]
//
// DIR is that of the package arabic-diacritizer, as safetensors with its vocabulary.json: a bidirectional
// LSTM of 3 layers with additive self-attention. Lines come from the command line, else from the input.
// Prints each with its signs,
//   ذَهَبَ الْوَلَدُ إلَى الْمَدْرَسَةِ
// and draws for the first line how much each character (rows) looked at each (columns): diacritize.png in
// --out.
#include <fovea/figure.hpp>
#include <fovea/fovea.hpp>
#include <iostream>

#include "../common/sample.h"

namespace {

using namespace fovea;

// Arabic goes from right to left: the first character of the line is the rightmost column.
void draw(const std::filesystem::path& path, const Diacritized& line) {
  const int64_t length = int64_t(line.characters.size());
  FigureOptions options{.xlabel = "looked at", .ylabel = "character", .width = 5, .height = 5};
  options.yticks = line.characters;
  for (std::string& tick : options.yticks)
    if (tick == " ") tick = "␣";
  options.xticks.assign(options.yticks.rbegin(), options.yticks.rend());
  Matrices weights{.queries = length, .keys = length, .values = {}};
  for (int64_t row = 0; row < length; ++row)
    for (int64_t column = length; column-- > 0;)
      weights.values.push_back(line.weights[size_t(row * length + column)]);
  show_heatmaps(path, weights, options);
}

}  // namespace

int main(int argc, char** argv) {
  Sample sample("diacritize: the vowel signs of Arabic lines");
  std::string directory;
  std::vector<std::string> lines;
  sample.app.add_option("--model", directory, "folder of the model")->required();
  sample.app.add_option("lines", lines, "of Arabic; none: those of the input");
  return sample.run(argc, argv, [&](Sample& s) {
    Device device({.name = s.device, .cache = cache_folder()});
    Diacritizer model(device, directory);
    if (lines.empty())
      for (std::string line; std::getline(std::cin, line);) lines.push_back(line);
    bool drawn = s.out.empty();
    for (const std::string& line : lines) {
      if (line.empty()) {
        fmt::print("\n");
        continue;
      }
      const Diacritized seen = model.run(line);
      fmt::print("{}\n", seen.text);
      s.numbers["lines"].push_back(seen.text);
      if (!drawn) draw(s.out / "diacritize.png", seen);
      drawn = true;
    }
  });
}
