#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "core/colormap.h"
#include "fovea/heatmap.hpp"
#include "support/check.h"
#include "support/texels.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kRows = 5, kColumns = 7;

// The cubic B-spline by the distance from its middle, in cells.
double bump(double distance) {
  const double x = std::abs(distance);
  if (x < 1) return (4 - 6 * x * x + 3 * x * x * x) / 6;
  return x < 2 ? (2 - x) * (2 - x) * (2 - x) / 6 : 0;
}

// How far a place inside the map, in cells, has come from its edge to full light.
double faded(double at, double cells) {
  const double edge = std::clamp(std::min(at, cells - at) / 0.75, 0.0, 1.0);
  return edge * edge * (3 - 2 * edge);
}

// Light at the middle of texel (x, y), from all cells, those of the edge repeated beyond it.
double light_at(const std::vector<float>& light, const Region& seen, double x, double y) {
  const double across = (x + 0.5 - seen.left) / seen.width * kColumns;
  const double down = (y + 0.5 - seen.top) / seen.height * kRows;
  double sum = 0;
  for (int64_t i = -3; i < kRows + 3; ++i)
    for (int64_t j = -3; j < kColumns + 3; ++j) {
      const int64_t cell =
          std::clamp<int64_t>(i, 0, kRows - 1) * kColumns + std::clamp<int64_t>(j, 0, kColumns - 1);
      sum += bump(down - 0.5 - double(i)) * bump(across - 0.5 - double(j)) * double(light[size_t(cell)]);
    }
  return sum * faded(across, kColumns) * faded(down, kRows);
}

// Red, green, blue and alpha of a texel, in 255ths; colours of halves as they are encoded.
std::array<double, 4> colours_of(const std::vector<uint32_t>& texels, size_t i, const TexelKind& kind) {
  std::array<double, 4> result;
  for (size_t channel = 0; channel < 4; ++channel) {
    if (words_of(kind.format) == 1) {
      const bool blue_first = kind.format == TexelFormat::bgra8 || kind.format == TexelFormat::bgra8_srgb;
      const size_t place = blue_first && channel < 3 ? 2 - channel : channel;
      result[channel] = double(texels[i] >> (8 * place) & 0xff);
    } else {
      const uint32_t word = texels[2 * i + channel / 2];
      result[channel] = 255 * double(float_from_half(uint16_t(channel % 2 ? word >> 16 : word & 0xffff)));
    }
    if (words_of(kind.format) == 2 && is_linear(kind) && channel < 3)
      result[channel] = 255 * srgb_encoded(result[channel] / 255);
  }
  return result;
}

// In bytes that are linear a step is as large in the dark as in the light.
double wanted_byte(uint8_t encoded, const TexelKind& kind) {
  const bool decoded = words_of(kind.format) == 1 && is_linear(kind);
  return decoded ? 255 * srgb_decoded(encoded / 255.0) : encoded;
}

std::vector<uint32_t> made(const std::vector<float>& light, const MapTexelsOptions& options) {
  Graph graph;
  const Tensor x = graph.input({kRows, kColumns});
  const Tensor y = map_texels(x, options);
  REQUIRE(y.shape() == shape_of(options.width, options.height, options.format));
  return run_u32(graph, {{x, light}}, y);
}

void check_texels(const std::vector<float>& light, const MapTexelsOptions& options) {
  const TexelKind kind{options.format, options.encoding};
  const std::vector<uint32_t> texels = made(light, options);
  const Region all{0, 0, double(options.width), double(options.height)};
  const Region seen = options.seen.width > 0 ? options.seen : all;
  double worst = 0;
  for (int64_t y = 0; y < options.height; ++y)
    for (int64_t x = 0; x < options.width; ++x) {
      const double wanted = std::clamp(light_at(light, seen, double(x), double(y)), 0.0, 1.0);
      const std::array<double, 4> got = colours_of(texels, size_t(y * options.width + x), kind);
      const Colour colour = options.colours ? colour_of(*options.colours, wanted) : Colour{};
      for (size_t channel = 0; channel < 3; ++channel)
        worst = std::max(worst, std::abs(got[channel] - wanted_byte(colour[channel], kind)));
      const double dark = options.colours ? double(options.alpha_dark) : 0.84;
      const double bright = options.colours ? double(options.alpha_light) : 0;
      worst = std::max(worst, std::abs(got[3] - 255 * (dark + (bright - dark) * wanted)));
    }
  CHECK(worst <= 1);
}

}  // namespace

TEST_CASE("map_texels are a smooth map in colours, of every format") {
  const std::vector<float> light = random_values(kRows * kColumns, 1, 0, 1);
  for (const TexelKind& kind : kTexelKinds) {
    INFO(name(kind.format) << ", encoding " << int(kind.encoding));
    MapTexelsOptions options{.format = kind.format, .encoding = kind.encoding, .width = 61, .height = 43};
    check_texels(light, options);
    options.colours = Colormap::viridis;
    check_texels(light, options);
  }
  check_texels(light, {.encoding = Encoding::linear, .width = 61, .height = 43, .colours = Colormap::reds});
}

TEST_CASE("map_texels of every size and colour map, on a part of the image") {
  const std::vector<float> light = random_values(kRows * kColumns, 2, 0, 1);
  const std::pair<int64_t, int64_t> sizes[] = {{1, 1}, {3, 2}, {7, 5}, {129, 9}, {517, 31}};
  for (const auto& [width, height] : sizes)
    for (const Colormap colours : {Colormap::reds, Colormap::blues, Colormap::viridis, Colormap::greys}) {
      INFO(width << " x " << height << ", colour map " << int(colours));
      MapTexelsOptions options{
          .width = width, .height = height, .colours = colours, .alpha_dark = 0.25f, .alpha_light = 0.75f};
      check_texels(light, options);
      options.seen = {double(width) * 0.2, -1.5, double(width) * 0.6, double(height) + 4};
      check_texels(light, options);
    }
}

TEST_CASE("map_texels without colours darken a picture as overlay does") {
  const Image image = random_image(90, 70, 3);
  const Heatmap map{kRows, kColumns, random_values(kRows * kColumns, 4, 0, 1)};
  for (const Region& seen : {Region{0, 0, 90, 70}, Region{12.5, -3, 64, 76}}) {
    Graph graph;
    const Tensor x = graph.input({kRows, kColumns});
    const Tensor y = map_texels(light(x), {.width = 90, .height = 70, .seen = seen});
    const std::vector<uint32_t> texels = run_u32(graph, {{x, map.weights}}, y);
    const Image wanted = overlay(image, map, seen);
    double worst = 0;
    for (size_t i = 0; i < wanted.rgb.size(); ++i) {
      const uint32_t texel = texels[i / 3], colour = texel >> (8 * (i % 3)) & 0xff;
      const double alpha = double(texel >> 24) / 255;
      const double blended = std::round(colour * alpha + double(image.rgb[i]) * (1 - alpha));
      worst = std::max(worst, std::abs(blended - double(wanted.rgb[i])));
    }
    CHECK(worst <= 1);
  }
}

TEST_CASE("map_texels of NaN are NaN in halves and nothing in bytes") {
  std::vector<float> light = random_values(kRows * kColumns, 5, 0, 1);
  light[2 * kColumns + 3] = NAN;
  MapTexelsOptions options{.width = 28, .height = 20, .colours = Colormap::reds};
  std::vector<uint32_t> texels = made(light, options);
  CHECK(texels[10 * 28 + 14] == 0);
  CHECK(texels[10 * 28 + 3] != 0);
  options.format = TexelFormat::rgba16f;
  texels = made(light, options);
  CHECK(std::isnan(float_from_half(uint16_t(texels[2 * (10 * 28 + 14)] & 0xffff))));
  CHECK(!std::isnan(float_from_half(uint16_t(texels[2 * (10 * 28 + 3)] & 0xffff))));
}

TEST_CASE("map_texels reject what is no map or no image") {
  Graph graph;
  const Tensor x = graph.input({kRows, kColumns});
  check_rejects([&] { map_texels(graph.input({4}), {.width = 4, .height = 4}); },
                {"map_texels", "(rows, columns)", "(4)"});
  check_rejects([&] { map_texels(x, {}); }, {"map_texels", "0 x 0"});
  check_rejects([&] { map_texels(x, {.width = 4, .height = 4, .seen = {0, 0, -4, 4}}); },
                {"map_texels", "-4 x 4"});
  check_rejects([&] { map_texels(x, {.width = 4, .height = 4, .alpha_light = 1.5f}); },
                {"map_texels", "alpha of 1.5"});
  check_rejects(
      [&] {
        map_texels(
            x, {.format = TexelFormat::rgba8_srgb, .encoding = Encoding::linear, .width = 4, .height = 4});
      },
      {"map_texels", "linear", "rgba8_srgb"});
}
