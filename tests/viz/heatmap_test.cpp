#include "fovea/heatmap.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/values.h"

using namespace fovea;
using namespace fovea::test;
using Catch::Approx;

namespace {

constexpr PatchGrid kGrid{.rows = 2, .columns = 3, .prefix = 2};  // 8 tokens
constexpr size_t kHeads = 3, kTokens = 8;

using Matrix = std::vector<std::vector<double>>;  // (tokens, tokens)

// (heads, tokens, tokens), rows that sum to 1
std::vector<float> random_attention(uint32_t seed) {
  std::vector<float> weights = random_values(kHeads * kTokens * kTokens, seed, 0, 1);
  for (size_t row = 0; row < weights.size(); row += kTokens) {
    double sum = 0;
    for (size_t i = 0; i < kTokens; ++i) sum += weights[row + i];
    for (size_t i = 0; i < kTokens; ++i) weights[row + i] = float(weights[row + i] / sum);
  }
  return weights;
}

Matrix mean_over_heads(const std::vector<float>& attention) {
  Matrix mean(kTokens, std::vector<double>(kTokens));
  for (size_t head = 0; head < kHeads; ++head)
    for (size_t i = 0; i < kTokens; ++i)
      for (size_t j = 0; j < kTokens; ++j)
        mean[i][j] += attention[(head * kTokens + i) * kTokens + j] / double(kHeads);
  return mean;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(kTokens, std::vector<double>(kTokens));
  for (size_t i = 0; i < kTokens; ++i)
    for (size_t j = 0; j < kTokens; ++j)
      for (size_t k = 0; k < kTokens; ++k) c[i][j] += a[i][k] * b[k][j];
  return c;
}

// As in the paper: the whole product, from the first layer up.
Matrix rollout(const std::vector<std::vector<float>>& layers) {
  Matrix rolled;
  for (const std::vector<float>& layer : layers) {
    Matrix mixed = mean_over_heads(layer);
    for (size_t i = 0; i < kTokens; ++i) {
      double sum = 0;
      for (size_t j = 0; j < kTokens; ++j) sum += mixed[i][j] = 0.5 * mixed[i][j] + (i == j ? 0.5 : 0);
      for (double& weight : mixed[i]) weight /= sum;
    }
    rolled = rolled.empty() ? mixed : product(mixed, rolled);
  }
  return rolled;
}

std::vector<std::span<const float>> spans(const std::vector<std::vector<float>>& layers) {
  return {layers.begin(), layers.end()};
}

Image grey(int width, int height) {
  return {width, height, std::vector<uint8_t>(size_t(width) * size_t(height) * 3, 200)};
}

int pixel(const Image& image, int x, int y) { return image.rgb[size_t(y * image.width + x) * 3]; }

}  // namespace

TEST_CASE("class_attention is the mean over the heads of the class token's row") {
  const std::vector<float> attention = random_attention(1);
  const Heatmap map = class_attention(attention, kGrid);
  REQUIRE((map.rows == 2 && map.columns == 3 && map.weights.size() == 6));
  const Matrix mean = mean_over_heads(attention);
  for (size_t patch = 0; patch < 6; ++patch)
    CHECK(map.weights[patch] == Approx(mean[0][2 + patch]).epsilon(1e-6));
}

TEST_CASE("attention_rollout is a token's row of the product over the layers") {
  std::vector<std::vector<float>> layers{random_attention(2), random_attention(3), random_attention(4)};
  // Rows that see nothing keep the residual alone.
  for (size_t head = 0; head < kHeads; ++head)
    for (size_t i = 0; i < kTokens; ++i) layers[1][(head * kTokens + 5) * kTokens + i] = 0;
  for (size_t depth : {1, 3}) {
    const std::vector<std::vector<float>> used(layers.begin(), layers.begin() + int64_t(depth));
    const Matrix want = rollout(used);
    const Heatmap plain = attention_rollout(spans(used), kGrid);
    const Heatmap contrast = attention_rollout(spans(used), kGrid, {.contrast = true});
    const Heatmap other = attention_rollout(spans(used), kGrid, {.query = 6});
    for (size_t patch = 0; patch < 6; ++patch) {
      CHECK(other.weights[patch] == Approx(want[6][2 + patch]).epsilon(1e-6));
      double mean = 0;
      for (size_t i = 0; i < kTokens; ++i) mean += want[i][2 + patch] / double(kTokens);
      CHECK(plain.weights[patch] == Approx(want[0][2 + patch]).epsilon(1e-6));
      CHECK(contrast.weights[patch] == Approx(want[0][2 + patch] / mean).epsilon(1e-6));
    }
  }
}

TEST_CASE("heatmaps reject weights that do not fit the grid") {
  const std::vector<float> attention = random_attention(5);
  const std::span<const float> shorter = std::span(attention).first(attention.size() - 1);
  check_rejects([&] { class_attention(shorter, kGrid); }, {"class_attention", "191", "8"});
  check_rejects([&] { class_attention({}, kGrid); }, {"class_attention", "0 weights"});
  check_rejects([&] { class_attention(attention, {.prefix = 0}); }, {"class_attention", "behind 0 tokens"});
  for (const int64_t side : {int64_t(1) << 32, int64_t(1) << 31, int64_t(256), int64_t(-1)}) {
    const PatchGrid grid{.rows = side, .columns = side};
    const std::vector<std::string> parts{std::to_string(side), "at most 65536 tokens"};
    check_rejects([&] { class_attention(attention, grid); }, parts);
    check_rejects([&] { attention_rollout(std::vector<std::span<const float>>{attention}, grid); }, parts);
  }
  check_rejects([&] { attention_rollout({}, kGrid); }, {"attention_rollout", "0 layers"});
  check_rejects([&] { attention_rollout(std::vector{std::span(attention)}, kGrid, {.query = 8}); },
                {"attention_rollout", "token 8", "8"});
  check_rejects([&] { attention_rollout(std::vector{shorter}, kGrid); }, {"attention_rollout", "191"});
}

TEST_CASE("overlay lights what the map shows, where it lies on the image") {
  // A crop of 40 x 40 pixels with 4 x 4 patches, in an image of 60 x 50.
  Heatmap map{4, 4, std::vector<float>(16, 0.1f)};
  for (size_t patch : {5, 6, 9, 10}) map.weights[patch] = 0.9f;
  const Image image = grey(60, 50);
  const Image lit = overlay(image, map, {.left = 15, .top = 5, .width = 40, .height = 40});
  REQUIRE((lit.width == 60 && lit.height == 50 && lit.rgb.size() == image.rgb.size()));
  const int darkest = pixel(lit, 0, 0);
  CHECK(darkest < 50);
  CHECK(pixel(lit, 35, 25) > 180);
  for (int y = 0; y < 50; ++y)
    for (int x = 0; x < 60; ++x) {
      const bool outside = x < 15 || x >= 55 || y < 5 || y >= 45;
      if (outside) REQUIRE(pixel(lit, x, y) == darkest);
      REQUIRE((pixel(lit, x, y) >= darkest && pixel(lit, x, y) <= 200));
      if (x > 0) REQUIRE(std::abs(pixel(lit, x, y) - pixel(lit, x - 1, y)) < 30);  // smooth
    }
}

TEST_CASE("overlay of a map without differences leaves the image as it is") {
  const Image lit = overlay(grey(30, 30), {2, 2, {0.25f, 0.25f, 0.25f, 0.25f}}, {-5, -5, 40, 40});
  CHECK(pixel(lit, 15, 15) == 200);
}

TEST_CASE("overlay rejects maps and images that are not whole") {
  const Heatmap map{1, 2, {0, 1}};
  const Region all{0, 0, 4, 4};
  check_rejects([&] { overlay({4, 4, {1, 2, 3}}, map, all); }, {"overlay", "4 x 4", "3"});
  check_rejects([&] { overlay(grey(4, 4), {2, 2, {0, 1}}, all); }, {"overlay", "2 x 2", "2 weights"});
  const int64_t large = INT64_MAX;  // whose square is 1 in 64 bits
  check_rejects([&] { overlay(grey(4, 4), {large, large, {0}}, all); }, {"overlay", std::to_string(large)});
  check_rejects([&] { overlay(grey(4, 4), {1, 2, {0, NAN}}, all); }, {"overlay", "finite"});
  check_rejects([&] { overlay(grey(4, 4), map, {0, 0, 0, 4}); }, {"overlay", "0 x 4"});
}

TEST_CASE("the map lies on the image where the model's crop does") {
  Preprocessor steps;
  steps.shortest_edge = 256;
  steps.do_center_crop = true;
  const auto region = [&](int width, int height) {
    const Region seen = steps.seen(grey(width, height));
    return std::vector<double>{seen.left, seen.top, seen.width, seen.height};
  };
  CHECK(region(600, 400) == std::vector<double>{125, 25, 350, 350});  // resized to 384 x 256
  CHECK(region(256, 513) == std::vector<double>{16, 144, 224, 224});  // the odd row below
  steps.crop_width = 265;                                             // beyond the image: from -5
  CHECK(region(256, 512) == std::vector<double>{-5, 144, 265, 224});
  steps.do_center_crop = false;
  CHECK(region(600, 400) == std::vector<double>{0, 0, 600, 400});
}
