#include "fovea/corpus.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

TEST_CASE("split_corpus keeps what is measured out of the training") {
  std::vector<TextPair> pairs;
  for (int line = 0; line < 12; ++line) pairs.push_back({"s" + std::to_string(line), std::to_string(line)});
  pairs[9].source = "s3";  // stands in line 3, which validates
  pairs[4].source = "s1";  // stands in line 1, which is left out
  const Corpus corpus = split_corpus(pairs, "10:3", {"6:1"});
  std::string training, validation;
  for (const TextPair& pair : corpus.training) training += pair.target + " ";
  for (const TextPair& pair : corpus.validation) validation += pair.target + " ";
  REQUIRE(training == "0 2 5 6 8 10 11 ");
  REQUIRE(validation == "3 ");
  REQUIRE(split_corpus(pairs, "2:1", {"4:3"}).validation.size() ==
          3);  // 1, 5 and 9; 3, 7 and 11 are left out
  REQUIRE(split_corpus(pairs, "").training.size() == 12);
}

TEST_CASE("split_corpus rejects what is no rule") {
  for (const char* text : {"7", "7:", ":3", "7:7", "0:0", "7:-1", "7:3x", "a:b", "7 :3"})
    REQUIRE(contains(rejection([&] { split_corpus({}, "", {text}); }), "MODULUS:REST"));
}
