// Stacks of decoder layers: steps give what a pass over the whole sequence gives, behind a prompt that was
// read in one pass and beside what an encoder made.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "decode/search.h"
#include "fovea/stacks.hpp"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr int64_t kBatch = 2, kWidth = 16, kHeads = 2, kHidden = 24, kLength = 7, kSteps = 9, kKeys = 5;

struct Maker {
  bool rotary = false;
  uint32_t seed = 1;

  Linear linear(int64_t in, int64_t out) {
    const std::vector<float> weight = random_values(uint64_t(in * out), seed++, -0.4f, 0.4f);
    return Linear(device(), out, in, weight, random_values(uint64_t(out), seed++));
  }
  LayerNorm norm() {
    const std::vector<float> weight = random_values(kWidth, seed++, 0.5f, 1.5f);
    return LayerNorm(device(), weight, random_values(kWidth, seed++), 1e-5f);
  }
  DecoderLayer layer(bool cross, NormPlace place) {
    AttentionHeads heads(kHeads);
    heads.rotary = rotary;
    DecoderLayer::Parts parts{
        .attention_norm = norm(),
        .attention = SelfAttention(linear(kWidth, 3 * kWidth), linear(kWidth, kWidth), std::move(heads)),
        .feed_forward_norm = norm(),
        .feed_forward = FeedForward(linear(kWidth, kHidden), linear(kHidden, kWidth), Activation::relu),
        .place = place};
    if (cross) parts.cross_norm = norm();
    if (cross)
      parts.cross =
          CrossAttention(linear(kWidth, kWidth), linear(kWidth, 2 * kWidth), linear(kWidth, kWidth), kHeads);
    return DecoderLayer(device(), std::move(parts));
  }
  DecoderStack stack(bool cross, NormPlace place) {
    std::vector<DecoderLayer> layers;
    for (int i = 0; i < 2; ++i) layers.push_back(layer(cross, place));
    return DecoderStack(std::move(layers), norm());
  }
};

const std::vector<uint32_t> kLengths{3, kKeys};

struct Inputs {
  std::vector<float> x = random_values(kBatch * kLength * kWidth, 91, -2, 2),
                     encoded = random_values(kBatch * kKeys * kWidth, 92, -2, 2);
  // The tokens [first, first + count) of every sentence.
  std::vector<float> tokens(int64_t first, int64_t count) const {
    std::vector<float> part;
    for (int64_t b = 0; b < kBatch; ++b) {
      const auto from = x.begin() + (b * kLength + first) * kWidth;
      part.insert(part.end(), from, from + count * kWidth);
    }
    return part;
  }
};

std::vector<float> whole(const DecoderStack& stack, const Inputs& inputs, bool cross) {
  Graph graph;
  const Tensor x = graph.input({kBatch, kLength, kWidth});
  if (!cross) return run(graph, {{x, inputs.x}}, stack(x).out);
  const Tensor encoded = graph.input({kBatch, kKeys, kWidth}), lengths = graph.input({kBatch}, DType::u32);
  return run(graph, {{x, inputs.x}, {encoded, inputs.encoded}, {lengths, kLengths}},
             stack(x, encoded, {.attention = {.lengths = lengths}}).out);
}

// Fills the memory: with what an encoder made, or with the first tokens. Gives the step that comes next.
int64_t begin(const DecoderStack& stack, const Inputs& inputs, bool cross, DecoderMemory& memory) {
  constexpr int64_t kPrefix = 4;
  Graph graph;
  if (cross) {
    const Tensor encoded = graph.input({kBatch, kKeys, kWidth}), lengths = graph.input({kBatch}, DType::u32);
    stack.keep_encoded(encoded, lengths, memory);
    run(graph, {{encoded, inputs.encoded}, {lengths, kLengths}}, scale(encoded, 1));
    return 0;
  }
  const Tensor x = graph.input({kBatch, kPrefix, kWidth});
  stack.prefill(x, memory);
  run(graph, {{x, inputs.tokens(0, kPrefix)}}, scale(x, 1));
  return kPrefix;
}

void check_steps(int64_t beams, bool cross, NormPlace place, bool rotary = false) {
  INFO("beams " << beams << ", cross attention " << cross << ", norm after " << (place == NormPlace::after));
  const DecoderStack stack = Maker{.rotary = rotary}.stack(cross, place);
  const Inputs inputs;
  const std::vector<float> want = whole(stack, inputs, cross);
  Search search(device(), kBatch, beams, kSteps, 0);
  DecoderMemory memory = stack.memory(device(), search, kKeys);
  const int64_t first = begin(stack, inputs, cross, memory);

  // What lies in front of the first step is the first row's, what comes is each row's own.
  const SearchParams& s = search.params;
  std::vector<uint32_t> history(search.history.shape().elements(), 0), control = search.initial(0);
  for (uint32_t parity = 0; parity < 2; ++parity)
    for (uint32_t row = 0; row < uint32_t(search.rows()); ++row)
      for (uint32_t t = 0; t < s.steps; ++t)
        history[history_at(s, parity, kOrigins, row) + t] = t < first ? row / s.beams * s.beams : row;
  search.history.write(history);

  Graph graph;
  const Tensor x = graph.input({search.rows(), kWidth});
  const Tensor y = stack.step(x, search, memory).out;
  for (int64_t t = first; t < kLength; ++t) {
    INFO("step " << t);
    control[kStepWord] = uint32_t(t);
    search.control.write(control);
    std::vector<float> rows;
    std::vector<double> wanted;
    for (int64_t row = 0; row < search.rows(); ++row) {
      const int64_t at = (row / beams * kLength + t) * kWidth;
      rows.insert(rows.end(), inputs.x.begin() + at, inputs.x.begin() + at + kWidth);
      wanted.insert(wanted.end(), want.begin() + at, want.begin() + at + kWidth);
    }
    check_close(run(graph, {{x, rows}}, y), wanted, kProduct);
  }
}

}  // namespace

TEST_CASE("steps of a decoder stack give what the whole sequence gives") {
  for (int64_t beams : {1, 3})
    for (bool cross : {false, true})
      for (NormPlace place : {NormPlace::before, NormPlace::after}) check_steps(beams, cross, place);
}

TEST_CASE("steps of rotary heads count on from the whole tokens in front of them") {
  for (int64_t beams : {1, 3})
    for (bool cross : {false, true}) check_steps(beams, cross, NormPlace::before, true);
}

TEST_CASE("a decoder stack rejects what does not fit") {
  const DecoderStack alone = Maker().stack(false, NormPlace::before);
  DecoderStack cross = Maker().stack(true, NormPlace::before);
  Search search(device(), kBatch, 1, kSteps, 0);
  DecoderMemory memory = alone.memory(device(), search, 0);
  CHECK(memory.encoded.empty());
  CHECK(memory.bytes() == 2 * 2 * kBatch * kSteps * kWidth * sizeof(float));
  Graph graph;
  const Tensor x = graph.input({kBatch, kLength, kWidth}), encoded = graph.input({kBatch, kKeys, kWidth});
  check_rejects([&] { cross(x); }, {"decoder layer", "nothing encoded"});
  check_rejects([&] { alone(x, encoded); }, {"decoder layer", "encoded (2, 5, 16)"});
  check_rejects([&] { alone.prefill(graph.input({kBatch, kSteps + 1, kWidth}), memory); },
                {"attention", "2 sequences of 10 tokens", "(2, 2, 9, 16)"});
  Parameters parameters;
  check_rejects([&] { cross.parameters("layers", parameters); }, {"layers", "no name"});
}
