#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/check.h"
#include "support/texels.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Case {
  int width, height;  // of the image
  Preprocessor steps;
};

Preprocessor square(int side, Resample filter) {
  Preprocessor steps;
  steps.resize_width = side;
  steps.resize_height = side + 3;
  steps.resample = filter;
  return steps;
}

Preprocessor cropped(int edge, int width, int height) {
  Preprocessor steps;
  steps.shortest_edge = edge;
  steps.resample = Resample::bicubic;
  steps.do_center_crop = true;
  steps.crop_width = width;
  steps.crop_height = height;
  steps.mean = {0.485f, 0.456f, 0.406f};
  steps.std = {0.229f, 0.224f, 0.225f};
  return steps;
}

std::vector<float> made(const Image& image, const Preprocessor& steps, const TexelKind& kind) {
  Graph graph;
  const Tensor x = graph.input(shape_of(image.width, image.height, kind.format), DType::u32);
  const Tensor y = pixels(x, options_of(steps, image.width, image.height, kind));
  REQUIRE(y.shape() == Shape({1, 3, steps.height(), steps.width()}));
  return run(graph, {{x, texels_of(image, kind)}}, y);
}

}  // namespace

TEST_CASE("pixels are those of the same image in a file, to the bit") {
  std::vector<Case> cases;
  for (const Resample filter :
       {Resample::nearest, Resample::lanczos, Resample::bilinear, Resample::bicubic}) {
    cases.push_back({37, 23, square(8, filter)});   // smaller
    cases.push_back({9, 7, square(40, filter)});    // larger
    cases.push_back({150, 5, square(17, filter)});  // both
    cases.push_back({1, 1, square(3, filter)});
  }
  cases.push_back({61, 40, cropped(24, 20, 20)});
  cases.push_back({40, 61, cropped(23, 19, 20)});
  cases.push_back({31, 47, cropped(16, 25, 21)});  // black at the sides
  Preprocessor same = cropped(0, 15, 14);
  same.do_resize = false;
  cases.push_back({22, 33, same});
  cases.push_back({10, 9, same});  // all around is black
  same.do_center_crop = false;
  same.resize_width = 22, same.resize_height = 33;
  cases.push_back({22, 33, same});
  uint32_t seed = 1;
  for (const Case& each : cases) {
    INFO(each.width << " x " << each.height << " to " << each.steps.width() << " x " << each.steps.height()
                    << ", filter " << int(each.steps.resample));
    const Image image = random_image(each.width, each.height, ++seed);
    CHECK(made(image, each.steps, {}) == each.steps.pixels(image));
  }
}

TEST_CASE("pixels of every format, encoded or linear, are the same") {
  const Image image = random_image(29, 31, 5);
  const Preprocessor steps = cropped(16, 15, 13);
  const std::vector<float> wanted = steps.pixels(image);
  for (const TexelKind& kind : kTexelKinds) {
    INFO(name(kind.format) << ", encoding " << int(kind.encoding));
    CHECK(made(image, steps, kind) == wanted);
  }
}

// Each byte of linear light, as 8 bits round it: in files 0 and 255 are as they are, 128 is 188.
TEST_CASE("pixels encode linear bytes as sRGB") {
  Image image{256, 1, {}}, encoded{256, 1, {}};
  for (int byte = 0; byte < 256; ++byte) {
    const double light = byte / 255.0;
    const double value = light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
    for (int colour = 0; colour < 3; ++colour) {
      image.rgb.push_back(uint8_t(byte));
      encoded.rgb.push_back(uint8_t(std::lround(value * 255)));
    }
  }
  CHECK(encoded.rgb[3 * 128] == 188);
  Preprocessor steps;
  steps.do_resize = false;
  steps.resize_width = 256, steps.resize_height = 1;
  Graph graph;
  const Tensor x = graph.input({1, 256}, DType::u32);
  const Tensor y = pixels(x, {.encoding = Encoding::linear});
  CHECK(run(graph, {{x, texels_of(image, {})}}, y) == steps.pixels(encoded));
}

TEST_CASE("pixels of halves beyond 0 .. 1 are black and white, NaN stays NaN") {
  const TexelKind halves{TexelFormat::rgba16f, Encoding::srgb};
  Image image = random_image(20, 20, 9);
  std::vector<uint32_t> texels = texels_of(image, halves);
  const auto set = [&](int x, int y, uint32_t red) {
    uint32_t& word = texels[size_t(y * 20 + x) * 2];
    word = (word & 0xffff0000u) | red;
  };
  set(2, 2, 0x7c00);    // infinity
  set(3, 2, 0xfc00);    // its negative
  set(4, 2, 0x4000);    // 2
  set(5, 2, 0xbc00);    // -1
  set(15, 14, 0x7e00);  // NaN
  const Preprocessor steps = square(10, Resample::bilinear);
  const auto byte = [&](int x, int y) -> uint8_t& { return image.rgb[size_t(y * 20 + x) * 3]; };
  byte(2, 2) = byte(4, 2) = 255;
  byte(3, 2) = byte(5, 2) = 0;
  const std::vector<float> wanted = steps.pixels(image);
  Graph graph;
  const Tensor x = graph.input({20, 20, 2}, DType::u32);
  const std::vector<float> got = run(graph, {{x, texels}}, pixels(x, options_of(steps, 20, 20, halves)));
  // 20 x 20 to 10 x 13: what takes texel (15, 14) by a weight above 0.
  for (int colour = 0; colour < 3; ++colour)
    for (int row = 0; row < 13; ++row)
      for (int column = 0; column < 10; ++column) {
        const size_t i = size_t((colour * 13 + row) * 10 + column);
        const bool across = std::abs((column + 0.5) * 2 - 15.5) < 2;
        const bool down = std::abs((row + 0.5) * 20 / 13 - 14.5) < 20.0 / 13;
        INFO(colour << ", " << row << ", " << column);
        CHECK(std::isnan(got[i]) == (across && down));
        if (!std::isnan(got[i])) CHECK(got[i] == wanted[i]);
      }
}

TEST_CASE("pixels reject what is no image of texels") {
  Graph graph;
  const Tensor flat = graph.input({4, 5}, DType::u32), wide = graph.input({4, 5, 2}, DType::u32);
  check_rejects([&] { pixels(graph.input({4, 5})); }, {"pixels", "f32", "u32"});
  check_rejects([&] { pixels(wide); }, {"pixels", "(4, 5, 2)", "rgba8", "(height, width)"});
  check_rejects([&] { pixels(flat, {.format = TexelFormat::rgba16f}); }, {"pixels", "(4, 5)", "rgba16f"});
  check_rejects([&] { pixels(flat, {.format = TexelFormat::bgra8_srgb, .encoding = Encoding::linear}); },
                {"pixels", "linear", "bgra8_srgb"});
  check_rejects([&] { pixels(flat, {.resize_width = -1}); }, {"pixels", "-1"});
  check_rejects([&] { pixels(flat, {.left = 5, .width = 3}); }, {"pixels", "3 x 4", "5, 0", "5 x 4"});
  check_rejects([&] { pixels(flat, {.std = {1, 0, 1}}); }, {"pixels", "deviation of 0"});
}
