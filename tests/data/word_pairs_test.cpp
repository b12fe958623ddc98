#include "fovea/word_pairs.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "fovea/data.hpp"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

using Words = std::vector<std::string>;
using Ids = std::vector<uint32_t>;

const std::vector<TextPair> kPairs = {{"Go.", "Va !"},
                                      {"Go now.", "Va maintenant !"},
                                      {"I lost.", "J'ai perdu."},
                                      {"I lost it, I lost it.", "Je l'ai perdu, je l'ai perdu."},
                                      {"Go home.", "Va chez toi !"}};

}  // namespace

TEST_CASE("word pairs: a batch holds sources, inputs and labels of one length") {
  const WordPairs pairs(kPairs, {.pairs = 4, .steps = 6, .batch = 3, .seed = 5});
  REQUIRE(pairs.size() == 4);
  REQUIRE(pairs.batches() == 2);
  // j'ai comes once; i, lost, it and . and the like more often.
  REQUIRE(pairs.source().words() == Words{"<unk>", "<pad>", "<bos>", "<eos>", ".", "i", "lost", "go", "it"});
  REQUIRE(pairs.target().words() ==
          Words{"<unk>", "<pad>", "<bos>", "<eos>", "perdu", "va", "!", ".", "je", "l'ai"});
  std::multiset<Ids> sources;
  int64_t tokens = 0;
  for (uint64_t index : {0, 1}) {
    const WordBatch batch = pairs.batch(index);
    REQUIRE(batch.count == (index == 0 ? 3 : 1));
    REQUIRE(batch.source.size() == 18);
    tokens += batch.tokens;
    for (size_t row = 0; row < 3; ++row) {
      const Ids source(batch.source.begin() + int64_t(row) * 6, batch.source.begin() + int64_t(row + 1) * 6);
      const size_t length = batch.target_lengths[row];
      REQUIRE((batch.lengths[row] > 0) == (int64_t(row) < batch.count));
      for (size_t i = 0; i < 6; ++i) {
        const uint32_t label = batch.labels[row * 6 + i];
        REQUIRE((label == kIgnored) == (i >= length));
        if (i > 0) REQUIRE(batch.inputs[row * 6 + i] == (i <= length ? batch.labels[row * 6 + i - 1] : 1));
      }
      if (int64_t(row) < batch.count) REQUIRE(batch.inputs[row * 6] == WordVocabulary::kStart);
      if (int64_t(row) < batch.count) sources.insert(source);
    }
  }
  REQUIRE(sources ==
          std::multiset<Ids>{{7, 4, 3, 1, 1, 1}, {7, 0, 4, 3, 1, 1}, {5, 6, 4, 3, 1, 1}, {5, 6, 8, 0, 5, 6}});
  REQUIRE(tokens == 3 + 4 + 4 + 6);
}

TEST_CASE("word pairs: the seed is the order of every epoch") {
  std::vector<TextPair> many;
  for (int i = 0; i < 40; ++i) many.push_back({"a " + std::to_string(i), "b"});
  const auto order = [&](uint64_t seed, uint64_t epoch) {
    return WordPairs(many, {.pairs = 0, .steps = 3, .batch = 40, .min_frequency = 1, .seed = seed})
        .batch(epoch)
        .source;
  };
  REQUIRE(order(1, 0) == order(1, 0));
  REQUIRE(order(1, 0) != order(1, 1));
  REQUIRE(order(1, 0) != order(2, 0));
}

TEST_CASE("word pairs: the shipped ones hold the textbook's sentences") {
  const std::vector<TextPair> shipped = read_pairs(FOVEA_SOURCE_DIR "/samples/pairs/en-fr.tsv");
  REQUIRE(shipped.size() > 200);
  const WordPairs pairs(shipped, {.pairs = 0});
  for (const char* line : {"Go.", "I lost.", "He's calm.", "I'm home."})
    for (uint32_t id : pairs.source().encode(line, 10)) REQUIRE(id != WordVocabulary::kUnknown);
}

TEST_CASE("word pairs reject what cannot be") {
  REQUIRE(contains(rejection([] { WordPairs({}); }), "0 pairs"));
  REQUIRE(contains(rejection([] { WordPairs(kPairs, {.steps = 0}); }), "steps: 0"));
  REQUIRE(contains(rejection([] { WordPairs(kPairs, {.batch = 0}); }), "batch: 0"));
  const std::string large = rejection([] { WordPairs(kPairs, {.steps = 1 << 24, .batch = 1 << 24}); });
  REQUIRE(contains(large, "batch of 16777216 pairs of 16777216 steps"));
}
