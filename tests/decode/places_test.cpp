// Steps that take the sentences which are left: the same as steps that take all of them.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <numeric>

#include "decode/search.h"
#include "fovea/bahdanau.hpp"
#include "fovea/word_vocabulary.hpp"
#include "ops/decoder_layer_step.h"
#include "support/check.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

constexpr uint32_t kBatch = 21, kSteps = 9, kVocab = 17, kEos = 3;

// A decoding by given log-probabilities (step, batch, beams, vocab), with all places or the fewest.
struct Run {
  Run(int64_t beam_count, bool shrinks)
      : beams(beam_count), all(device(), kBatch, beam_count, kSteps, kEos, shrinks) {
    std::vector<uint32_t> control = all.initial(1);
    for (uint32_t b = 0; b < kBatch; ++b) {
      control[all.params.prompt + b] = b % 4 == 1;
      control[all.params.ends + b] = b == 5 ? 0 : kSteps - b % 3;  // place 5 stays empty
      control[all.params.seeds + b] = 31 * b;
    }
    all.control.write(std::span<const uint32_t>(control));
    all.history.write(std::span<const uint32_t>(std::vector<uint32_t>(all.history.shape().elements(), 0)));
    uint32_t places = kBatch;
    for (uint32_t step = 0; step < kSteps; ++step) {
      taken.push_back(places);
      const uint32_t left = take_step(step, places);
      check_places(step, left);
      if (shrinks) places = std::max(left, 1u);
    }
    history = all.history.read_u32();
    last = all.control.read_u32();
  }

  uint32_t take_step(uint32_t step, uint32_t places) {
    Search some(all, places);
    const std::vector<uint32_t> before = all.control.read_u32();
    Graph graph;
    const Tensor logits = graph.input({some.rows(), kVocab});
    const Tensor log_probs = next_log_probs(logits, some, {.min_length = 2, .ngram = 3});
    const Tensor unfinished =
        beams == 1 ? sample_step(log_probs, some, {.top_k = 4}) : beam_step(log_probs, some, {});
    Plan plan(device(), graph, {unfinished});
    const int64_t row = beams * kVocab;
    const std::vector<float> of_all = random_values(uint64_t(kBatch * row), step + 70, -4, 4);
    std::vector<float> values;
    for (uint32_t place = 0; place < places; ++place) {
      const uint32_t sentence = all.params.order == 0 ? place : before[all.params.order + place];
      values.insert(values.end(), of_all.begin() + sentence * row, of_all.begin() + (sentence + 1) * row);
    }
    plan.write(logits, values);
    plan.run();
    return plan.read_u32(unfinished)[0];
  }

  // The unfinished sentences are in front, in their order, with their last tokens; each sentence has one
  // place.
  void check_places(uint32_t step, uint32_t left) {
    const SearchParams& p = all.params;
    const std::vector<uint32_t> now = all.control.read_u32();
    std::vector<uint32_t> going;
    for (uint32_t b = 0; b < kBatch; ++b)
      if (now[p.ends + b] > step + 1) going.push_back(b);
    REQUIRE(left == going.size());
    if (p.order == 0) return;
    std::vector<uint32_t> order(now.begin() + p.order, now.begin() + p.order + kBatch);
    CHECK(std::equal(going.begin(), going.end(), order.begin()));
    const std::vector<uint32_t> kept = all.history.read_u32();
    for (uint32_t i = 0; i < left * uint32_t(beams); ++i) {
      const uint32_t row = order[i / beams] * uint32_t(beams) + i % beams;
      CHECK(now[p.tokens + i] == kept[history_at(p, parity_of(p, step + 1), kTokens, row) + step]);
    }
    for (uint32_t i = 0; i < kBatch * uint32_t(beams); ++i) CHECK(now[p.tokens + i] < kVocab);
    std::ranges::sort(order);
    std::vector<uint32_t> each(kBatch);
    std::iota(each.begin(), each.end(), 0);
    CHECK(order == each);
  }

  int64_t beams;
  Search all;
  std::vector<uint32_t> taken, history, last;
};

}  // namespace

TEST_CASE("a search whose steps take fewer and fewer sentences finds what one of whole steps finds") {
  for (const int64_t beams : {1, 3}) {
    INFO("beams " << beams);
    const Run whole(beams, false), shrinking(beams, true);
    CHECK(shrinking.taken.back() < kBatch / 2);
    CHECK(shrinking.history == whole.history);
    const SearchParams &a = whole.all.params, &b = shrinking.all.params;
    const uint32_t rows = kBatch * uint32_t(beams);
    const auto same = [&](uint32_t from, uint32_t to, uint32_t count) {
      return std::equal(whole.last.begin() + from, whole.last.begin() + from + count,
                        shrinking.last.begin() + to);
    };
    CHECK(same(a.scores, b.scores, rows));
    CHECK(same(a.ends, b.ends, kBatch));
    CHECK(same(a.pool_scores, b.pool_scores, rows));
    CHECK(same(a.pool_lengths, b.pool_lengths, rows));
  }
}

TEST_CASE("a search has as many places as sentences, or fewer where they have an order") {
  const Search fixed(device(), 4, 2, 5, 0), ordered(device(), 4, 2, 5, 0, true);
  CHECK(Search(ordered, 3).rows() == 6);
  check_rejects([&] { Search(fixed, 3); }, {"search", "3 places of 4", "keep theirs"});
  check_rejects([&] { Search(ordered, 5); }, {"search", "5 places of 4"});
  check_rejects([&] { Search(ordered, 0); }, {"search", "0 places"});
}

TEST_CASE("outputs that are longer than their sources let expect come whole") {
  const TemporaryFolder folder;
  write_fresh_bahdanau(folder.path().string(),
                       {.source_vocab = 9, .target_vocab = 11, .width = 8, .positions = 120}, 3);
  Bahdanau model(device(), folder.path().string());
  const std::vector<uint32_t> longest(60, 4);  // beside it steps for all of max_length are likely
  for (const int64_t beams : {1, 3}) {
    INFO("beams " << beams);
    const Decoding decoding{.beams = beams, .max_length = 70, .suppressed = {{WordVocabulary::kEnd}}};
    const auto some = model.translate({{1, 2}, {3}}, decoding);
    const auto beside = model.translate({{1, 2}, {3}, longest}, decoding);
    for (const size_t i : {0, 1}) {
      CHECK(some[i][0].tokens.size() == 70);
      CHECK(some[i][0].tokens == beside[i][0].tokens);
    }
  }
}
