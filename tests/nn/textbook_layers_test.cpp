// Layers and positions of the textbook (Zhang et al., Dive into Deep Learning, sections 11.6 and 11.7) with
// the numbers that it prints.
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/stacks.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

uint32_t seed = 1;

Linear linear(int64_t in, int64_t out, bool biased) {
  const float size = 1 / std::sqrt(float(in));
  const std::vector<float> bias = biased ? random_values(uint64_t(out), ++seed) : std::vector<float>{};
  return Linear(device(), out, in, random_values(uint64_t(in * out), ++seed, -size, size), bias);
}

// Over all axes of `over`, as it begins.
LayerNorm norm(const Shape& over) {
  State weight(device(), over), bias(device(), over);
  weight.write(std::vector<float>(over.elements(), 1));
  return LayerNorm(std::move(weight), std::move(bias), 1e-5f);
}

EncoderLayer block(int64_t width, const Shape& over, int64_t hidden, int64_t heads) {
  return EncoderLayer(
      norm(over), SelfAttention(linear(width, 3 * width, false), linear(width, width, false), heads),
      norm(over), FeedForward(linear(width, hidden, true), linear(hidden, width, true), Activation::relu),
      NormPlace::after);
}

}  // namespace

TEST_CASE("sinusoids are those of the textbook, and an offset turns them") {
  constexpr int64_t kSteps = 60, kWidth = 32;
  const std::vector<float> table = sinusoids(kSteps, kWidth, {.interleaved = true});
  const auto at = [&](int64_t row, int64_t column) { return double(table[size_t(row * kWidth + column)]); };
  for (int64_t i = 0; i < kSteps; ++i)
    for (int64_t j = 0; j < kWidth / 2; ++j) {
      const double angle = double(i) / std::pow(10000.0, 2 * double(j) / double(kWidth));
      CHECK(std::abs(at(i, 2 * j) - std::sin(angle)) < 1e-6);
      CHECK(std::abs(at(i, 2 * j + 1) - std::cos(angle)) < 1e-6);
    }
  // Section 11.6.3.2: the row `offset` farther on is the same turn of each pair, wherever it starts.
  constexpr int64_t kOffset = 7;
  for (int64_t j = 0; j < kWidth / 2; ++j) {
    const double angle = kOffset / std::pow(10000.0, 2 * double(j) / double(kWidth));
    for (int64_t i = 0; i + kOffset < kSteps; ++i) {
      const double sine = at(i, 2 * j), cosine = at(i, 2 * j + 1);
      CHECK(std::abs(at(i + kOffset, 2 * j) - (std::cos(angle) * sine + std::sin(angle) * cosine)) < 2e-6);
      CHECK(std::abs(at(i + kOffset, 2 * j + 1) - (std::cos(angle) * cosine - std::sin(angle) * sine)) <
            2e-6);
    }
  }
}

TEST_CASE("a feed-forward network treats all places alike, and may change the width") {
  const FeedForward network(linear(4, 4, true), linear(4, 8, true), Activation::relu);
  Graph graph;
  const Tensor x = graph.input({2, 3, 4}), y = network(x);
  REQUIRE(y.shape() == Shape({2, 3, 8}));
  const std::vector<float> got = run(graph, {{x, std::vector<float>(24, 1)}}, y);
  for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == got[i % 8]);
}

TEST_CASE("layer normalisation takes rows, batch normalisation columns") {
  Graph graph;
  const Tensor x = graph.input({2, 2}), weight = graph.input({2}), bias = graph.input({2});
  const Input values{x, std::vector<float>{1, 2, 2, 3}};
  const auto close = [](const std::vector<float>& got, const std::vector<float>& want) {
    for (size_t i = 0; i < 4; ++i)
      CHECK(std::abs(got[i] - want[i]) < 3e-5);  // 1e-5 is added to a variance of 1/4
  };
  close(run(graph, {values}, norm({2})(x)), {-1, 1, -1, 1});
  close(run(graph, {values, {weight, std::vector<float>{1, 1}}, {bias, std::vector<float>{0, 0}}},
            batch_norm(x, weight, bias)),
        {-1, -1, 1, 1});
}

TEST_CASE("add and norm takes several axes together") {
  const LayerNorm layer = norm({3, 4});
  State generator(device(), {4}, DType::u32);
  const Dropout dropout{.rate = 0.5f, .generator = &generator};
  Graph graph;
  const Tensor x = graph.input({2, 3, 4}), y = graph.input({2, 3, 4});
  const Tensor made = layer(dropout(y), x);
  REQUIRE(made.shape() == Shape({2, 3, 4}));
  const std::vector<float> got =
      run(graph, {{x, random_values(24, 1)}, {y, std::vector<float>(24, 1)}}, made);
  for (size_t b = 0; b < 2; ++b) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < 12; ++i) mean += double(got[12 * b + i]) / 12;
    for (size_t i = 0; i < 12; ++i) square += double(got[12 * b + i]) * double(got[12 * b + i]) / 12;
    CHECK(std::abs(mean) < 1e-6);
    CHECK(std::abs(square - 1) < 1e-4);
    double row = 0;  // a row alone is not normalised
    for (size_t i = 0; i < 4; ++i) row += double(got[12 * b + i]) / 4;
    CHECK(std::abs(row) > 0.05);
  }
}

TEST_CASE("the textbook's encoder block and encoder keep their shapes, with heads of 3") {
  const EncoderLayer one = block(24, {100, 24}, 48, 8);
  const auto table = [] {
    State tokens(device(), {200, 24}), positions(device(), {100, 24});
    tokens.write(random_values(4800, 5));
    positions.write(sinusoids(100, 24, {.interleaved = true}));
    return Embedding({.tokens = std::move(tokens),
                      .scale = std::sqrt(24.0f),
                      .positions = std::move(positions),
                      .learned_positions = false});
  };
  const Embedding embedding = table();
  std::vector<EncoderLayer> layers;
  for (int i = 0; i < 2; ++i) layers.push_back(block(24, {100, 24}, 48, 8));
  const Encoder encoder(std::move(layers));
  Graph graph;
  const Tensor x = graph.input({2, 100, 24}), ids = graph.input({2, 100}, DType::u32),
               lengths = graph.input({2}, DType::u32);
  const LayerOptions options{.weights = true, .attention = {.lengths = lengths}};
  const SelfAttention::Result made = one(x, options);
  const Encoder::Result whole = encoder(embedding(ids), {.layers = options});
  REQUIRE(made.out.shape() == Shape({2, 100, 24}));
  REQUIRE(whole.out.shape() == Shape({2, 100, 24}));
  REQUIRE(whole.weights.size() == 2);
  const std::vector<Values> got = run_all(graph,
                                          {{x, std::vector<float>(4800, 1)},
                                           {ids, std::vector<uint32_t>(200, 1)},
                                           {lengths, std::vector<uint32_t>{3, 2}}},
                                          {made.out, made.weights, whole.out, whole.weights[1]});
  const std::vector<float>&out = std::get<0>(got[2]), &weights = std::get<0>(got[1]);
  double square = 0;
  for (size_t i = 0; i < 2400; ++i) square += double(out[i]) * double(out[i]) / 2400;
  CHECK(std::abs(square - 1) < 1e-3);
  for (size_t i = 0; i < weights.size(); ++i) {  // ones: all keys within the length are alike
    const size_t key = i % 100, length = i < weights.size() / 2 ? 3 : 2;
    CHECK(std::abs(weights[i] - (key < length ? 1 / float(length) : 0)) < 1e-6);
  }
}
