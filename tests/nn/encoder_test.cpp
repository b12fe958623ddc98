// A stack of encoder layers: what it hands out on the way, and the place of its last normalisation.
#include <catch2/catch_test_macros.hpp>

#include "fovea/stacks.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kBatch = 2, kTokens = 5, kWidth = 8, kHeads = 2, kHidden = 12, kDepth = 2;

Linear linear(int64_t out, int64_t in, uint32_t seed) {
  return Linear(device(), out, in, random_values(uint64_t(out * in), seed),
                random_values(uint64_t(out), seed + 1));
}
LayerNorm norm(uint32_t seed) {
  return LayerNorm(device(), random_values(kWidth, seed, 0.5f, 1.5f), random_values(kWidth, seed + 1), 1e-5f);
}
EncoderLayer layer(uint32_t seed) {
  return EncoderLayer(
      norm(seed),
      SelfAttention(linear(3 * kWidth, kWidth, seed + 2), linear(kWidth, kWidth, seed + 4), kHeads),
      norm(seed + 6),
      FeedForward(linear(kHidden, kWidth, seed + 8), linear(kWidth, kHidden, seed + 10), Activation::gelu));
}
std::vector<EncoderLayer> layers() {
  std::vector<EncoderLayer> made;
  for (uint32_t i = 0; i < kDepth; ++i) made.push_back(layer(20 * i + 1));
  return made;
}

}  // namespace

TEST_CASE("an encoder is its layers one after another, then its last normalisation") {
  const Encoder whole(layers(), norm(90)), open(layers());
  const std::vector<EncoderLayer> parts = layers();
  const LayerNorm last = norm(90);
  Graph graph;
  const Tensor x = graph.input({kBatch, kTokens, kWidth}), lengths = graph.input({kBatch}, DType::u32);
  const LayerOptions options{.weights = true, .attention = {.lengths = lengths}};
  const Encoder::Result made = whole(x, {.layers = options, .hidden_states = true});
  std::vector<Tensor> got = made.hidden_states, want{x};
  got.insert(got.end(), made.weights.begin(), made.weights.end());
  got.push_back(made.out);
  got.push_back(open(x, {.layers = options}).out);
  std::vector<Tensor> weights;
  Tensor y = x;  // (batch, tokens, width)
  for (const EncoderLayer& part : parts) {
    const SelfAttention::Result result = part(y, options);
    want.push_back(y = result.out);
    weights.push_back(result.weights);
  }
  want.insert(want.end(), weights.begin(), weights.end());
  want.push_back(last(y));
  want.push_back(y);
  REQUIRE(got.size() == size_t(kDepth + 1 + kDepth + 2));
  const std::vector<Input> inputs{{x, random_values(kBatch * kTokens * kWidth, 70)},
                                  {lengths, std::vector<uint32_t>{kTokens, 2}}};
  for (size_t i = 1; i < got.size(); ++i) {  // the first is x itself
    INFO("output " << i);
    CHECK(run(graph, inputs, got[i]) == run(graph, inputs, want[i]));
  }
  CHECK(got[0].id == x.id);
  const Encoder::Result plain = whole(x);
  CHECK(plain.hidden_states.empty());
  CHECK(plain.weights.empty());
}

TEST_CASE("an encoder names its parameters by layer") {
  Encoder encoder(layers(), norm(90));
  Parameters all;
  encoder.parameters("body", all, "end");
  REQUIRE(all.size() == size_t(kDepth * 12 + 2));
  CHECK(all.front().name == "body.0.attention_norm.weight");
  CHECK(all[12].name == "body.1.attention_norm.weight");
  CHECK(all.back().name == "end.bias");
  check_rejects([&] { encoder.parameters("body", all); }, {"last normalisation of body"});
}
