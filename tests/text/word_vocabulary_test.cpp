#include "fovea/word_vocabulary.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

using Words = std::vector<std::string>;
using Ids = std::vector<uint32_t>;

}  // namespace

TEST_CASE("words are small and their marks stand alone") {
  REQUIRE(words_of("Ça va, ÉCOUTE-moi !") == Words{"ça", "va", ",", "écoute-moi", "!"});
  REQUIRE(words_of("Who?! I'm\u202f«Œ»\u00a0Ÿ ŻÓŁĆ ČŠ ×ß 日") ==
          Words{"who", "?", "!", "i'm", "«œ»", "ÿ", "żółć", "čš", "×ß", "日"});
  REQUIRE(words_of("3.5 a,b") == Words{"3", ".5", "a", ",b"});  // the textbook puts a space in front of them
  REQUIRE(words_of("Ș Ạ") == Words{"Ș", "Ạ"});
  REQUIRE(words_of("").empty());
  REQUIRE(text_of(words_of("  Go.  ")) == "go .");
  REQUIRE(contains(rejection([] { words_of("\xff"); }), "UTF-8"));
}

TEST_CASE("word vocabulary: the special words, then by how often, then by first coming") {
  const std::vector<Words> sentences = {{"b", "a", "c"}, {"c", "a", "d", "c"}};
  const WordVocabulary vocabulary(sentences);
  REQUIRE(vocabulary.words() == Words{"<unk>", "<pad>", "<bos>", "<eos>", "c", "a"});
  REQUIRE(WordVocabulary(sentences, 1).words() ==
          Words{"<unk>", "<pad>", "<bos>", "<eos>", "c", "a", "b", "d"});
  REQUIRE(vocabulary.id("a") == 5);
  REQUIRE(vocabulary.id("b") == WordVocabulary::kUnknown);
  REQUIRE(vocabulary.encode("A b, c", 9) == Ids{5, 0, 0, 4, 3});
  REQUIRE(vocabulary.encode("A b, c", 3) == Ids{5, 0, 0});  // cut, and with it the end
  REQUIRE(vocabulary.decode(Ids{4, 0, 3, 5}) == "c <unk>");
  REQUIRE(WordVocabulary(vocabulary.words()).id("c") == 4);
  REQUIRE(contains(rejection([&] { vocabulary.word(6); }), "6"));
  REQUIRE(contains(rejection([] { WordVocabulary({"<unk>", "<bos>"}); }), "<pad>"));
  REQUIRE(contains(rejection([] { WordVocabulary({"<unk>", "<pad>", "<bos>", "<eos>", "a", "a"}); }), "a"));
}
