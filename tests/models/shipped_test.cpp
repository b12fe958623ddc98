// The models that come with the sources, as people first meet them: tools/demo.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>

#include "fovea/image.hpp"
#include "fovea/translator.hpp"
#include "fovea/vit.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;
namespace fs = std::filesystem;

namespace {

const fs::path kModels = FOVEA_SOURCE_DIR "/samples/models";

std::vector<std::string> translations(const char* model, const std::vector<std::string>& lines) {
  Translator translator(device(), (kModels / model).string());
  std::vector<std::string> made;
  for (const Translation& one : translator.translate(lines)) made.push_back(one.outputs.at(0).text);
  return made;
}

}  // namespace

TEST_CASE("every shipped model is small and says how it was made") {
  for (const char* model : {"vit", "translate-en-fr", "translate-ja-en"}) {
    INFO(model);
    uint64_t bytes = 0;
    for (const auto& file : fs::directory_iterator(kModels / model)) bytes += file.file_size();
    CHECK(bytes > 500'000);
    CHECK(bytes < 20'000'000);
    CHECK(fs::exists(kModels / model / "README.md"));
  }
}

TEST_CASE("the shipped Vision Transformer says what the README shows") {
  const std::string directory = (kModels / "vit").string();
  VisionTransformer model(device(), directory);
  const ViTConfig& config = model.config();
  REQUIRE(config.labels.size() == 10);
  const Preprocessor steps = Preprocessor::for_model(directory, config.width, config.height);
  const auto probability = [&](const std::string& name, const std::string& label) {
    const Image image = load_image(FOVEA_SOURCE_DIR "/samples/images/" + name);
    const std::vector<float> logits = model.run(steps.pixels(image), 1).logits;
    double sum = 0;
    for (float logit : logits) sum += std::exp(double(logit));
    const auto at = std::ranges::find(config.labels, label) - config.labels.begin();
    return std::exp(double(logits.at(size_t(at)))) / sum;
  };
  CHECK(std::abs(probability("astronaut.png", "truck") - 0.8187) < 1e-4);
  CHECK(std::abs(probability("chelsea.png", "dog") - 0.5299) < 1e-4);
  CHECK(std::abs(probability("chelsea.png", "cat") - 0.1125) < 1e-4);
}

TEST_CASE("the shipped translators translate the demo's sentences") {
  using Lines = std::vector<std::string>;
  CHECK(translations("translate-en-fr", {"What would you like to drink?", "Where is the library?"}) ==
        Lines{"Que voudrais-tu boire ?", "Où est la bibliothèque ?"});
  CHECK(translations("translate-ja-en", {"彼は毎朝六時に起きます。", "図書館はどこですか。"}) ==
        Lines{"he gets up at six every morning.", "where is the library?"});
}
