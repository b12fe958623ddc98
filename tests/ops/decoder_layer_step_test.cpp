#include <catch2/catch_test_macros.hpp>

#include "core/panels.h"
#include "decode/search.h"
#include "fovea/stacks.hpp"
#include "ops/decoder_layer_step.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Sizes {
  int64_t batch, beams, width, heads, hidden, keys;
  NormPlace place = NormPlace::before;
  Activation activation = Activation::relu;
};

// Weights of one part of a layer, for the layer of nn/ and for the fused one.
struct Weights {
  std::vector<float> fused;
  uint32_t seed = 1;

  LayerNorm norm(int64_t width) {
    const std::vector<float> gain = random_values(uint64_t(width), seed++, 0.5f, 1.5f),
                             shift = random_values(uint64_t(width), seed++);
    fused.insert(fused.end(), gain.begin(), gain.end());
    fused.insert(fused.end(), shift.begin(), shift.end());
    return LayerNorm(device(), gain, shift, 1e-5f);
  }
  // kept: those of the fused layer; memory's projection stands outside of it.
  Linear linear(int64_t in, int64_t out, bool kept = true) {
    const std::vector<float> weight = random_values(uint64_t(in * out), seed++, -0.4f, 0.4f),
                             bias = random_values(uint64_t(out), seed++);
    const std::vector<float> panels = pack_panels(weight, in, out, 1, in);
    if (kept) fused.insert(fused.end(), panels.begin(), panels.end());
    if (kept) fused.insert(fused.end(), bias.begin(), bias.end());
    return Linear(device(), out, in, weight, bias);
  }
};

struct Layers {
  explicit Layers(const Sizes& s)
      : search(device(), s.batch, s.beams, 5, 0),
        cache(device(), {2, search.rows(), 5, s.width}),
        plain(make(s)),
        fused{State(device(), {int64_t(weights.fused.size())}),
              s.heads,
              s.hidden,
              s.activation,
              s.place == NormPlace::before,
              1e-5f} {
    fused.weights.write(weights.fused);
  }

  DecoderLayer make(const Sizes& s) {  // in the order of the fused weights
    LayerNorm attention = weights.norm(s.width);
    Linear qkv = weights.linear(s.width, 3 * s.width), out = weights.linear(s.width, s.width);
    LayerNorm cross = weights.norm(s.width);
    Linear q = weights.linear(s.width, s.width), cross_out = weights.linear(s.width, s.width);
    Linear kv = weights.linear(s.width, 2 * s.width, false);
    LayerNorm feed_forward = weights.norm(s.width);
    Linear up = weights.linear(s.width, s.hidden), down = weights.linear(s.hidden, s.width);
    return DecoderLayer({std::move(attention), std::move(cross), std::move(feed_forward)},
                        SelfAttention(std::move(qkv), std::move(out), s.heads),
                        CrossAttention(std::move(q), std::move(kv), std::move(cross_out), s.heads),
                        FeedForward(std::move(up), std::move(down), s.activation), s.place);
  }

  Weights weights;
  Search search;
  State cache;
  DecoderLayer plain;
  DecoderLayerState fused;
};

// One step at `step`, with a history of origins that cross rows, from the same cache.
std::vector<float> run_step(Layers& layers, const Sizes& s, bool fused, uint32_t step) {
  std::vector<uint32_t> control = layers.search.initial(1);
  control[0] = step;
  layers.search.control.write(std::span<const uint32_t>(control));
  layers.search.history.write(std::span<const uint32_t>(
      random_ids(layers.search.history.shape().elements(), 7, uint32_t(layers.search.rows()))));
  layers.cache.write(std::span<const float>(random_values(layers.cache.shape().elements(), 8)));
  Graph graph;
  const Tensor x = graph.input({layers.search.rows(), s.width}),
               memory = graph.input({s.batch, s.keys, 2 * s.width}),
               lengths = graph.input({s.batch}, DType::u32);
  const Tensor y = fused ? decoder_layer_step(x, layers.search, layers.fused, layers.cache, memory, lengths)
                         : layers.plain.step(x, layers.cache, memory, lengths, layers.search, false).out;
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
  check_sizes({9, 1, 24, 3, 20, 1, NormPlace::after, Activation::gelu});
  check_sizes({3, 3, 16, 4, 40, 7, NormPlace::after, Activation::silu});
  check_sizes({2, 5, 128, 2, 96, 3, NormPlace::before, Activation::gelu_tanh});
}

TEST_CASE("decoder_layer_step rejects what does not fit") {
  const Sizes s{2, 1, 16, 2, 32, 3};
  Layers layers(s);
  Graph graph;
  const Tensor x = graph.input({2, 16}), memory = graph.input({2, 3, 32}),
               lengths = graph.input({2}, DType::u32);
  const auto step = [&](Tensor a, Tensor m) {
    return [&layers, a, m, lengths] {
      decoder_layer_step(a, layers.search, layers.fused, layers.cache, m, lengths);
    };
  };
  check_rejects(step(graph.input({3, 16}), memory), {"decoder_layer_step", "(3, 16)", "2 rows"});
  check_rejects(step(x, graph.input({2, 3, 16})), {"decoder_layer_step", "memory (2, 3, 16)"});
  check_rejects(step(graph.input({2, 8}), memory), {"decoder_layer_step", "(2, 3, 32)"});
}
