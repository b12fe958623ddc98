#include "ops/decoder_layer_step.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "decode/search.h"
#include "fovea/op.hpp"
#include "fovea/stacks.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Sizes {
  int64_t batch, beams, width, heads, hidden, keys;
  NormPlace place = NormPlace::before;
  Activation activation = Activation::relu;
  bool biased = true;  // all products
};

struct Weights {
  uint32_t seed = 1;

  LayerNorm norm(int64_t width) {
    const std::vector<float> weight = random_values(uint64_t(width), seed++, 0.5f, 1.5f),
                             bias = random_values(uint64_t(width), seed++);
    return LayerNorm(device(), weight, bias, 1e-5f);
  }
  Linear linear(int64_t in, int64_t out, bool biased = true) {
    const std::vector<float> weight = random_values(uint64_t(in * out), seed++, -0.4f, 0.4f);
    std::vector<float> bias = random_values(uint64_t(out), seed++);
    if (!biased) bias.clear();
    return Linear(device(), out, in, weight, bias);
  }
};

struct Layers {
  explicit Layers(const Sizes& s)
      : search(device(), s.batch, s.beams, 5, 0),
        cache(device(), {2, search.rows(), 5, s.width}),
        layer(make(s)) {}

  static DecoderLayer make(const Sizes& s) {
    Weights w;
    const int64_t width = s.width;
    return DecoderLayer(
        device(), {.attention_norm = w.norm(width),
                   .attention = SelfAttention(w.linear(width, 3 * width), w.linear(width, width), s.heads),
                   .cross_norm = w.norm(width),
                   .cross = CrossAttention(w.linear(width, width, s.biased), w.linear(width, 2 * width),
                                           w.linear(width, width), s.heads),
                   .feed_forward_norm = w.norm(width),
                   .feed_forward = FeedForward(w.linear(width, s.hidden, s.biased), w.linear(s.hidden, width),
                                               s.activation),
                   .place = s.place});
  }

  Search search;
  State cache;
  DecoderLayer layer;
};

// One step at `step`, with a history of origins that cross rows, from the same cache.
std::vector<float> run_step(Layers& layers, const Sizes& s, bool fused, uint32_t step) {
  std::vector<uint32_t> control = layers.search.initial(1);
  control[kStepWord] = step;
  layers.search.control.write(std::span<const uint32_t>(control));
  layers.search.history.write(std::span<const uint32_t>(
      random_ids(layers.search.history.shape().elements(), 7, uint32_t(layers.search.rows()))));
  layers.cache.write(std::span<const float>(random_values(layers.cache.shape().elements(), 8)));
  Graph graph;
  const Tensor x = graph.input({layers.search.rows(), s.width}),
               memory = graph.input({s.batch, s.keys, 2 * s.width}),
               lengths = graph.input({s.batch}, DType::u32);
  // A layer whose weights are asked for is not fused.
  const Tensor y = layers.layer.step(x, layers.search, {layers.cache, memory, lengths}, !fused).out;
  REQUIRE((graph.nodes().back().spec.op == "decoder_layer_step") == fused);
  const std::vector<float> values = random_values(x.shape().elements(), 9, -2, 2),
                           kept = random_values(memory.shape().elements(), 10);
  std::vector<uint32_t> seen;
  for (int64_t b = 0; b < s.batch; ++b) seen.push_back(uint32_t(1 + b % s.keys));
  // A step at the same place writes the same keys and values: replays agree.
  std::vector<float> made =
      std::get<std::vector<float>>(run_all(graph, {{x, values}, {memory, kept}, {lengths, seen}}, {y})[0]);
  const std::vector<float> cache = layers.cache.read();
  made.insert(made.end(), cache.begin(), cache.end());
  return made;
}

void check_sizes(const Sizes& s) {
  if (!has_decoder_layer_step(device().info().limits, s.width, s.hidden)) return;
  INFO("batch " << s.batch << ", beams " << s.beams << ", width " << s.width << ", hidden " << s.hidden);
  Layers layers(s);
  for (uint32_t step : {0u, 1u, 4u}) {
    const std::vector<float> want = run_step(layers, s, false, step);
    check_close(run_step(layers, s, true, step), {want.begin(), want.end()}, kProduct);
  }
}

}  // namespace

TEST_CASE("a fused decoder layer is the layer of nn, cache included") {
  check_sizes({1, 1, 32, 8, 128, 6});
  check_sizes({3, 1, 16, 2, 24, 5});
  check_sizes({9, 1, 24, 3, 20, 1, NormPlace::after, Activation::gelu, false});
  check_sizes({3, 3, 16, 4, 40, 7, NormPlace::after, Activation::silu});
  check_sizes({2, 5, 128, 2, 96, 3, NormPlace::before, Activation::gelu_tanh});
}

TEST_CASE("a fused decoder layer takes the sentences at the first places") {
  const Sizes s{5, 2, 24, 3, 20, 4};
  if (!has_decoder_layer_step(device().info().limits, s.width, s.hidden)) return;
  Layers layers(s);
  Search all(device(), s.batch, s.beams, 5, 0, true);
  const std::vector<uint32_t> order = {3, 0, 4, 1, 2};
  std::vector<uint32_t> control = all.initial(1);
  control[kStepWord] = 2;
  std::copy(order.begin(), order.end(), control.begin() + all.params.order);
  all.control.write(std::span<const uint32_t>(control));
  all.history.write(
      std::span<const uint32_t>(random_ids(all.history.shape().elements(), 7, uint32_t(all.rows()))));
  const auto run = [&](int64_t places) {
    layers.cache.write(std::span<const float>(random_values(layers.cache.shape().elements(), 8)));
    const Search some(all, places);
    Graph graph;
    const Tensor x = graph.input({some.rows(), s.width}),
                 memory = graph.input({s.batch, s.keys, 2 * s.width}),
                 lengths = graph.input({s.batch}, DType::u32);
    const Tensor y = layers.layer.step(x, some, {layers.cache, memory, lengths}, false).out;
    std::vector<float> values = random_values(uint64_t(all.rows() * s.width), 9, -2, 2);
    values.resize(x.shape().elements());
    Plan plan(device(), graph, {y});
    plan.write(x, values);
    plan.write(memory, random_values(memory.shape().elements(), 10));
    plan.write(lengths, std::vector<uint32_t>{1, 2, 3, 4, 2});
    plan.run();
    return std::pair(plan.read(y), layers.cache.read());
  };
  const auto [whole, whole_cache] = run(s.batch);
  const std::vector<float> before = random_values(layers.cache.shape().elements(), 8);
  for (const int64_t places : {1, 2, 3}) {
    const auto [some, cache] = run(places);
    CHECK(std::equal(some.begin(), some.end(), whole.begin()));
    for (size_t i = 0; i < cache.size(); ++i) {  // (2, rows, steps, width)
      const auto row = int64_t(i) / (5 * s.width) % all.rows();
      const auto place = std::ranges::find(order, uint32_t(row / s.beams)) - order.begin();
      REQUIRE(cache[i] == (place < places ? whole_cache[i] : before[i]));
    }
  }
}

TEST_CASE("decoder layers that no fused step takes are not fused") {
  const auto fused = [](const Sizes& s) {
    Layers layers(s);
    Graph graph;
    const Tensor x = graph.input({1, s.width}), memory = graph.input({1, 2, 2 * s.width}),
                 lengths = graph.input({1}, DType::u32);
    layers.layer.step(x, layers.search, {layers.cache, memory, lengths}, false);
    return graph.nodes().back().spec.op == "decoder_layer_step";
  };
  CHECK(fused({1, 1, 16, 2, 24, 2}) == has_decoder_layer_step(device().info().limits, 16, 24));
  CHECK(!fused({1, 1, 132, 2, 24, 2}));  // too wide
  CHECK(!fused({1, 1, 16, 2, 22, 2}));   // parts would not lie on 16 bytes
}

TEST_CASE("a decoder layer's weights lie on the device once, fused or not") {
  for (const int64_t width : {16, 132}) {
    const uint64_t before = device().memory().used;
    DecoderLayer layer = Layers::make({1, 1, width, 2, 24, 2});
    Parameters all;
    layer.parameters("layer", all);
    uint64_t bytes = 0;
    for (const Parameter& parameter : all) bytes += parameter.state->bytes();
    CHECK(device().memory().used - before == bytes);
  }
}

TEST_CASE("decoder_layer_step rejects what does not fit") {
  Search search(device(), 2, 1, 5, 0);
  State cache(device(), {2, 2, 5, 16});
  const DecoderLayerState layer{State(device(), {8}), 2, 32, Activation::relu, true, 1e-5f};
  Graph graph;
  const Tensor x = graph.input({2, 16}), memory = graph.input({2, 3, 32}),
               lengths = graph.input({2}, DType::u32);
  const auto step = [&](Tensor a, Tensor m) {
    return [&, a, m] { decoder_layer_step(a, search, layer, cache, m, lengths); };
  };
  check_rejects(step(graph.input({3, 16}), memory), {"decoder_layer_step", "(3, 16)", "2 rows"});
  check_rejects(step(x, graph.input({2, 3, 16})), {"decoder_layer_step", "memory (2, 3, 16)"});
  check_rejects(step(graph.input({2, 8}), memory), {"decoder_layer_step", "(2, 3, 32)"});
}
