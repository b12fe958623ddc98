#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>

#include "fovea/image.hpp"
#include "fovea/png.hpp"
#include "support/check.h"
#include "support/looks.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

const std::string kModel = FOVEA_SOURCE_DIR "/samples/models/vit";
// The camera's image has 512 x 512 texels; in a window of this size it is shown texel by texel.
constexpr int kSide = 512, kMargin = 16, kPanel = 380;
constexpr int kWidth = kSide + 2 * kMargin + kPanel, kHeight = kSide + 2 * kMargin;

// Bands of colours that change slowly, none of them dark.
Image bands() {
  Image image{kSide, kSide, {}};
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x)
      for (const int colour : {0, 1, 2})
        image.rgb.push_back(uint8_t(150 + 90 * std::sin(0.02 * (x + 2 * y) + 2 * colour)));
  return image;
}

std::array<int, 3> pixel(const Image& image, int x, int y) {
  const uint8_t* at = &image.rgb[size_t(3 * (y * image.width + x))];
  return {at[0], at[1], at[2]};
}

struct Shown {
  nlohmann::json report;
  Image window;
};

// The program with a folder that holds the one picture, which it then shows as it is.
Shown show(const Image& picture, std::vector<std::string> arguments) {
  if (!std::filesystem::exists(FOVEA_BINARY_DIR "/live")) SKIP("samples/live was left out of the build");
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "frames");
  write_png(folder.path() / "frames" / "only.png", picture);
  const std::string shot = (folder.path() / "shot.png").string();
  const std::string width = std::to_string(kWidth), height = std::to_string(kHeight);
  for (const std::string& each :
       {std::string("--width"), width, std::string("--height"), height, std::string("--json"),
        std::string("--screenshot"), shot, std::string("--validation"), (folder.path() / "frames").string()})
    arguments.push_back(each);
  const Outcome outcome = run_on_screen("live", arguments);
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  REQUIRE(outcome.err.empty());  // no message of validation or synchronization
  return {outcome.objects().at(0), load_image(shot)};
}

}  // namespace

TEST_CASE("live classifies what the window shows as vit does the file, and lays attention over it") {
  const Image picture = bands();
  const Shown shown = show(picture, {"--frames", "120", "--every", "5", "--cursor", "0.3", "0.7"});

  CHECK(shown.report.at("frames").get<int>() >= 100);
  REQUIRE(shown.report.at("looks").get<int>() >= 1);
  CHECK(shown.report.at("look_frames").get<int>() > 1);  // it is not the work of one frame
  VisionTransformer model(device(), kModel);
  const ViTConfig& config = model.config();
  const Preprocessor steps = Preprocessor::for_model(kModel, config.width, config.height);
  const ViTResult wanted = model.run(steps.pixels(picture), 1, {.attentions = true});
  const nlohmann::json answers = shown.report.at("answers");
  REQUIRE(answers.size() == 5);
  double sum = 0;
  for (const float logit : wanted.logits) sum += std::exp(double(logit));
  for (const nlohmann::json& each : answers) {
    const auto at = std::ranges::find(config.labels, each.at("label").get<std::string>());
    REQUIRE(at != config.labels.end());
    const double logit = double(wanted.logits[size_t(at - config.labels.begin())]);
    CHECK(std::abs(each.at("probability").get<double>() - std::exp(logit) / sum) < 1e-4);
  }

  // The mouse is over the patch of row 5 and column 2, which is framed; the picture is darkened where it does
  // not look.
  REQUIRE((shown.window.width == kWidth && shown.window.height == kHeight));
  const int left = 2 * 64, top = 5 * 64;
  const Heatmap map = heatmap_of(wanted, config, {.query = 1 + 5 * 8 + 2});
  const Image lit = overlay(picture, map, steps.seen(picture));
  int worst = 0, darkest = 255;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      if (x > left - 4 && x < left + 68 && y > top - 4 && y < top + 68) continue;
      const auto is = pixel(shown.window, x + kMargin, y + kMargin), should_be = pixel(lit, x, y);
      for (const size_t colour : {0, 1, 2}) worst = std::max(worst, std::abs(is[colour] - should_be[colour]));
      darkest = std::min(darkest, is[0]);
    }
  CHECK(worst <= 3);  // the map has half as many texels, and is enlarged
  CHECK(darkest < 60);
  const auto frame = pixel(shown.window, kMargin + left + 32, kMargin + top);
  CHECK((frame[0] > 200 && frame[1] > 150 && frame[2] < 120));
}

TEST_CASE("live says what is wrong with its scene and its model") {
  if (!std::filesystem::exists(FOVEA_BINARY_DIR "/live")) SKIP("samples/live was left out of the build");
  const TemporaryFolder folder;
  const std::string empty = folder.path().string();
  const Outcome scene = run_on_screen("live", {empty, "--frames", "3"});
  CHECK(scene.status == 1);
  CHECK(contains(scene.err, empty + ": no PNG"));
  const Outcome model = run_on_screen("live", {"--model", empty, "--frames", "3"});
  CHECK(model.status == 1);
  CHECK(contains(model.err, empty + "/model.safetensors"));
  CHECK(run_program("live", {"--screenshot", "a.png"}).status == 2);
}
