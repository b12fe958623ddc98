#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "support/check.h"
#include "support/gradient.h"
#include "support/philox.h"

using namespace fovea;
using namespace fovea::test;

namespace {

bool kept(size_t i, float rate, uint32_t stream, const Words& generator) {
  return double(word_of(i, stream, generator)) >= double(rate) * 0x1p32;
}

std::vector<float> reference(const std::vector<float>& x, float rate, uint32_t stream,
                             const Words& generator) {
  std::vector<float> y;
  const float factor = float(1 / (1 - double(rate)));
  for (size_t i = 0; i < x.size(); ++i) y.push_back(kept(i, rate, stream, generator) ? x[i] * factor : 0);
  return y;
}

// Which of the first elements a graph's first node keeps.
std::vector<bool> first_kept(float rate, const Words& words, int64_t count) {
  State generator = generator_of(words);
  Graph graph;
  Tensor x = graph.input({count});
  const std::vector<float> y =
      run(graph, {{x, std::vector<float>(size_t(count), 1)}}, dropout(x, rate, generator));
  std::vector<bool> result;
  for (float v : y) result.push_back(v != 0);
  return result;
}

}  // namespace

TEST_CASE("dropout's generator gives the published vectors") {
  // Random123, kat_vectors, philox4x32 10.
  const uint32_t ones = 0xffffffffu;
  REQUIRE(philox({0, 0, 0, 0}, 0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  REQUIRE(philox({ones, ones, ones, ones}, ones, ones) ==
          Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  REQUIRE(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
          Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("dropout's kernel draws the published words") {
  // Counter and key are zero for the first elements of a graph's first node: a rate just below a word keeps
  // its element, one just above drops it.
  const Words published{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  for (size_t i = 0; i < 4; ++i) {
    float below = float(double(published[i]) * 0x1p-32);
    if (double(below) * 0x1p32 > published[i]) below = std::nextafter(below, 0.0f);
    const float above = std::nextafter(below, 1.0f);
    REQUIRE(first_kept(below, {0, 0, 0, 0}, 4)[i]);
    REQUIRE_FALSE(first_kept(above, {0, 0, 0, 0}, 4)[i]);
  }
}

TEST_CASE("dropout matches the plain loop at every edge, and so does its gradient") {
  const Words words{0xa4093822, 0x299f31d0, 0x13198a2e, 0x03707344};
  State generator = generator_of(words);
  for (int64_t count : {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1009})
    for (float rate : {0.1f, 0.5f, 0.999f}) {
      Graph graph;
      Tensor x = graph.input({count}), dy = graph.input({count});
      const std::vector<float> values = random_values(uint64_t(count), 1),
                               dy_values = random_values(uint64_t(count), 2);
      Tensor y = dropout(x, rate, generator);
      Tensor dx = gradients_of(y, dy).front();
      const std::vector<Values> got = run_all(graph, {{x, values}, {dy, dy_values}}, {y, dx});
      REQUIRE(std::get<std::vector<float>>(got[0]) == reference(values, rate, 0, words));
      REQUIRE(std::get<std::vector<float>>(got[1]) == reference(dy_values, rate, 0, words));
    }
}

TEST_CASE("dropout drops its share, and each of a graph's dropouts others") {
  const Words words{7, 0, 0, 0};
  State generator = generator_of(words);
  Graph graph;
  Tensor x = graph.input({10007});
  const std::vector<float> values(10007, 1);
  Tensor first = dropout(x, 0.3f, generator), second = dropout(x, 0.3f, generator);
  const std::vector<Values> got = run_all(graph, {{x, values}}, {first, second});
  const auto& a = std::get<std::vector<float>>(got[0]);
  const auto& b = std::get<std::vector<float>>(got[1]);
  REQUIRE(a == reference(values, 0.3f, 0, words));
  REQUIRE(b == reference(values, 0.3f, 1, words));
  double dropped = 0, both = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dropped += a[i] == 0;
    both += a[i] == 0 && b[i] == 0;
  }
  REQUIRE(std::abs(dropped / 10007 - 0.3) < 0.02);  // four standard deviations
  REQUIRE(std::abs(both / 10007 - 0.09) < 0.012);
}

TEST_CASE("dropout draws anew after advance, in plans that share the generator") {
  const Words start{1, 2, UINT32_MAX, 5};
  State generator = generator_of(start);
  const std::vector<float> values(37, 1);
  Graph training, other;
  Tensor x = training.input({37}), z = other.input({37});
  Tensor y = dropout(x, 0.5f, generator), w = dropout(z, 0.5f, generator);
  Tensor dx = gradients_of(y, x).front();
  advance(training, generator);
  Plan plan(device(), training, {y, dx}), same(device(), other, {w});
  plan.write(x, values);
  same.write(z, values);
  for (const Words& now : {start, Words{1, 2, 0, 6}, Words{1, 2, 1, 6}}) {
    same.run();
    REQUIRE(same.read(w) == reference(values, 0.5f, 0, now));
    plan.run();
    REQUIRE(plan.read(y) == reference(values, 0.5f, 0, now));
    REQUIRE(plan.read(dx) == plan.read(y));
  }
  REQUIRE(generator.read_u32() == std::vector<uint32_t>{1, 2, 2, 6});
  REQUIRE(device().validation_messages().empty());
}

TEST_CASE("dropout keeps NaN, takes strided views, and does nothing at rate 0") {
  const Words words{3, 1, 4, 1};
  State generator = generator_of(words);
  Graph graph;
  Tensor x = graph.input({5, 3});
  const std::vector<float> values = random_values(15, 3);
  std::vector<float> turned(15);
  for (size_t i = 0; i < 15; ++i) turned[i] = values[i % 5 * 3 + i / 5];
  Tensor y = dropout(transpose(x), 0.25f, generator);  // the second node: a copy makes rows of x
  REQUIRE(y.shape() == Shape{3, 5});
  REQUIRE(run(graph, {{x, values}}, y) == reference(turned, 0.25f, 1, words));
  for (float v : run(graph, {{x, std::vector<float>(15, NAN)}}, y)) REQUIRE(std::isnan(v));
  REQUIRE(dropout(x, 0, generator).id == x.id);
}

TEST_CASE("dropout and advance reject what does not fit") {
  State generator(device(), {4}, DType::u32), short_one(device(), {2}, DType::u32), numbers(device(), {4});
  Graph graph;
  Tensor x = graph.input({4}), ids = graph.input({4}, DType::u32);
  check_rejects([&] { dropout(ids, 0.1f, generator); }, {"dropout", "u32", "f32"});
  check_rejects([&] { dropout(x, 1, generator); }, {"dropout", "rate 1", "[0, 1)"});
  check_rejects([&] { dropout(x, -0.1f, generator); }, {"dropout", "rate -0.1"});
  check_rejects([&] { dropout(x, NAN, generator); }, {"dropout", "rate nan"});
  check_rejects([&] { dropout(x, 0.1f, short_one); }, {"dropout", "(2)", "(4)"});
  check_rejects([&] { dropout(x, 0.1f, numbers); }, {"dropout", "f32", "u32"});
  check_rejects([&] { advance(graph, short_one); }, {"advance", "(2)", "(4)"});
  check_rejects([&] { advance(graph, numbers); }, {"advance", "f32", "u32"});
}
