// vit: a Vision Transformer says what is on images, and shows where it looked.
//
//   vit [--model DIR] [--device NAME] [--top K] [--batch N] [--json] [--logits]
//       [--attention OUT.png] [--layer L] [--page OUT.html] IMAGE...
//
// For each image: its name, the most probable classes, the device and the time. The model is any Hugging Face
// directory of type vit or deit that has a classifier. Exits with 0, 1 when an image could not be answered or
// nothing could, 2 on wrong usage.
#include <fmt/format.h>

#include <cstdio>

#include "classifier.h"
#include "options.h"

int main(int argc, char** argv) {
  CLI::App app("Says what is on images (PNG, JPEG, BMP) with a Vision Transformer.");
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
    check_overlay_paths(options);
    Classifier classifier(options, find_model(options, argv[0]));
    return classifier.answer() && std::fflush(stdout) == 0 ? 0 : 1;
  } catch (const CLI::ParseError& problem) {  // also what is found wrong with the options later on
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "vit: {}\n", problem.what());
    return 1;
  }
}
