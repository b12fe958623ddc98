// translate: an encoder-decoder Transformer translates lines, scores translations, shows what it attends to.
//
//   translate --model DIR [--beam N] [--n-best K] [--prefix TEXT] [--attention OUT.png] [--page OUT.html]
//   [--json] .. < lines translate --model DIR --score TARGETS [--json] .. < lines
//
// A line out for each line in, in order: with --n-best a score, a tab and a text for each output, with
// --score log p(target | source). The model: a CTranslate2 directory, or Marian or BART of Hugging Face.
// Exits with 0, 1 when a line was not UTF-8 or something cannot be read, run or written, 2 on wrong usage.
#include <fmt/format.h>

#include "filter.h"
#include "options.h"

int main(int argc, char** argv) {
  CLI::App app("Translates the lines of standard input with a CTranslate2, Marian or BART model.");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    return Filter(options).run() ? 0 : 1;
  } catch (const CLI::ParseError& problem) {  // also what is found wrong with the options later on
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "translate: {}\n", problem.what());
    return 1;
  }
}
