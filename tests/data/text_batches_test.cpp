#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "core/random.h"
#include "data/text_shapes.h"
#include "fovea/data.hpp"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using Ids = std::vector<uint32_t>;

// Pairs of 0 to `longest` tokens a side, the target about as long as the source.
std::vector<EncodedPair> random_pairs(size_t count, uint64_t longest) {
  std::vector<EncodedPair> pairs(count);
  Random random(11);
  for (EncodedPair& pair : pairs) {
    pair.source.resize(size_t(random.below(longest + 1)));
    pair.target.resize(size_t(std::min(longest, pair.source.size() * 3 / 4 + random.below(4))));
    for (Ids* ids : {&pair.source, &pair.target})
      for (uint32_t& id : *ids) id = uint32_t(10 + random.below(90));
  }
  return pairs;
}

TEST_CASE("text batches: rows, ends and padding") {
  const std::vector<EncodedPair> pairs = {{{11, 12}, {21}}, {{13}, {22, 23}}, {{}, {}}};
  TextOptions options{.tokens = 16, .multiple = 4, .start = 2, .end = 0, .pad = 3};
  options.shuffle = false;
  const TextBatches batches(pairs, options);
  CHECK(batches.shapes() == std::vector<TextShape>{{4, 4, 4}});
  CHECK(batches.batches() == 1);
  CHECK(batches.left_out() == 0);
  const TextBatch batch = batches.batch(7);
  CHECK(batch.shape == TextShape{4, 4, 4});
  CHECK(batch.count == 3);
  CHECK(batch.tokens == 6);
  CHECK(batch.pairs == Ids{0, 1, 2});
  CHECK(batch.source == Ids{11, 12, 0, 3, 13, 0, 3, 3, 0, 3, 3, 3, 3, 3, 3, 3});
  CHECK(batch.lengths == Ids{3, 2, 1, 0});
  CHECK(batch.inputs == Ids{2, 21, 3, 3, 2, 22, 23, 3, 2, 3, 3, 3, 3, 3, 3, 3});
  const uint32_t no = kIgnored;
  CHECK(batch.labels == Ids{21, 0, no, no, 22, 23, 0, no, 0, no, no, no, no, no, no, no});

  options.source_end = false;
  const TextBatch open = TextBatches(pairs, options).batch(0);
  CHECK(open.source == Ids{11, 12, 3, 3, 13, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3});
  CHECK(open.lengths == Ids{2, 1, 0, 0});
}

TEST_CASE("text batches: every pair once an epoch, in few shapes, with the tokens at most") {
  const std::vector<EncodedPair> pairs = random_pairs(1000, 60);
  for (const int64_t shapes : {1, 2, 5, 8}) {
    const TextOptions options{.tokens = 500, .multiple = 8, .shapes = shapes, .longest = 50};
    const TextBatches batches(pairs, options);
    CHECK(int64_t(batches.shapes().size()) <= shapes);
    for (const TextShape& shape : batches.shapes()) {
      CHECK(shape.source_length % 8 == 0);
      CHECK(shape.target_length % 8 == 0);
      CHECK(shape.rows == 500 / std::max(shape.source_length, shape.target_length));
    }
    std::vector<Ids> orders;
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      Ids& order = orders.emplace_back();
      for (int64_t at = 0; at < batches.batches(); ++at) {
        const TextBatch batch = batches.batch(epoch * uint64_t(batches.batches()) + uint64_t(at));
        CHECK(std::ranges::count(batches.shapes(), batch.shape) == 1);
        REQUIRE(batch.source.size() == size_t(batch.shape.rows * batch.shape.source_length));
        REQUIRE(batch.labels.size() == size_t(batch.shape.rows * batch.shape.target_length));
        CHECK(batch.tokens == int64_t(batch.labels.size()) - std::ranges::count(batch.labels, kIgnored));
        for (size_t row = 0; row < batch.pairs.size(); ++row) {
          const EncodedPair& pair = pairs[batch.pairs[row]];
          CHECK(batch.lengths[row] == pair.source.size() + 1);
          CHECK(std::ranges::equal(
              pair.source,
              std::span(batch.source).subspan(row * size_t(batch.shape.source_length), pair.source.size())));
          order.push_back(batch.pairs[row]);
        }
      }
      Ids sorted = order, expected;
      for (uint32_t i = 0; i < pairs.size(); ++i)
        if (std::max(pairs[i].source.size(), pairs[i].target.size()) + 1 <= 50) expected.push_back(i);
      std::ranges::sort(sorted);
      CHECK(sorted == expected);
      CHECK(size_t(batches.left_out()) == pairs.size() - expected.size());
    }
    CHECK(orders[0] != orders[1]);
    CHECK(orders[1] != orders[2]);
  }
}

TEST_CASE("text batches: any batch can be made again") {
  const std::vector<EncodedPair> pairs = random_pairs(300, 30);
  TextOptions options{.tokens = 200};
  const TextBatches one(pairs, options), other(pairs, options);
  options.seed = 1;
  const TextBatches seeded(pairs, options);
  REQUIRE(one.batches() > 5);
  int differ = 0;
  for (uint64_t index = uint64_t(3 * one.batches()); index-- > 0;) {
    const TextBatch batch = one.batch(index), again = other.batch(index);
    CHECK(batch.shape == again.shape);
    CHECK(batch.source == again.source);
    CHECK(batch.labels == again.labels);
    CHECK(batch.pairs == again.pairs);
    differ += batch.pairs != seeded.batch(index).pairs;
  }
  CHECK(differ > one.batches());
  options.shuffle = false;
  const TextBatches ordered(pairs, options);
  CHECK(ordered.batch(0).pairs == ordered.batch(uint64_t(ordered.batches())).pairs);
  CHECK(std::ranges::is_sorted(ordered.batch(0).pairs));
}

int64_t padded_tokens(const std::vector<Lengths>& pairs, const std::vector<TextShape>& shapes) {
  std::vector<int64_t> counts(shapes.size());
  for (const Lengths& pair : pairs) ++counts[shape_of(pair, shapes)];
  int64_t tokens = 0;
  for (size_t at = 0; at < shapes.size(); ++at) {
    const auto& [rows, source, target] = shapes[at];
    tokens += (counts[at] + rows - 1) / rows * rows * (source + target);
  }
  return tokens;
}

TEST_CASE("text batches: more shapes leave less padding") {
  std::vector<Lengths> pairs;
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto source = int64_t(1 + random.below(100));
    pairs.push_back({source, std::max<int64_t>(1, source + int64_t(random.below(21)) - 10)});
  }
  int64_t tokens = 0;
  for (const Lengths& pair : pairs) tokens += pair.source + pair.target;
  int64_t before = INT64_MAX;
  for (const int64_t limit : {1, 2, 4, 8, 16}) {
    const auto shapes = choose_shapes(pairs, {.tokens = 4096, .multiple = 1, .shapes = limit});
    CHECK(int64_t(shapes.size()) <= limit);
    const int64_t padded = padded_tokens(pairs, shapes);
    CHECK(padded < before);
    before = padded;
    if (limit == 16) CHECK(double(tokens) / double(padded) > 0.85);
  }
  // Two pairs make one batch, not two with a single row each that is filled.
  CHECK(choose_shapes({{8, 8}, {16, 16}}, {.tokens = 64}) == std::vector<TextShape>{{4, 16, 16}});
}

TEST_CASE("text batches: what cannot be is named") {
  const std::vector<EncodedPair> pairs = {{Ids(20), Ids(3)}};
  const auto says = [&](const TextOptions& options, const char* expected) {
    const std::string message = rejection([&] { TextBatches(pairs, options); });
    INFO(message);
    CHECK(contains(message, expected));
  };
  says({.tokens = 23}, "a batch of 23 tokens, the longest pairs take 24");
  says({.longest = 20}, "of 1 pairs none has at most 20 tokens");
  says({.tokens = 0}, "tokens: 0");
  says({.multiple = 0}, "multiple: 0");
  says({.shapes = 0}, "shapes: 0");
  CHECK(contains(rejection([] { TextBatches({}, {}); }), "of 0 pairs none"));
}

}  // namespace
}  // namespace fovea
