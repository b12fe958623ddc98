#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "fovea/metrics.hpp"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

bool near(double got, double want) { return std::abs(got - want) < 1e-12; }

}  // namespace

TEST_CASE("sentence_bleu is the textbook's product") {
  REQUIRE(near(sentence_bleu("je suis chez moi .", "je suis chez moi ."), 1));
  // 4 of 5 words and 2 of 4 pairs match.
  REQUIRE(
      near(sentence_bleu("il est calme là .", "il est calme ici ."), std::sqrt(0.8) * std::pow(0.5, 0.25)));
  REQUIRE(near(sentence_bleu("il est calme là .", "il est calme ici .", 1), std::sqrt(0.8)));
  // Too short: exp(1 - 5 / 2).
  REQUIRE(near(sentence_bleu("je suis", "je suis chez moi ."), std::exp(-1.5)));
  // Too long is not punished but by the words that do not match; a word counts as often as the reference has
  // it.
  REQUIRE(near(sentence_bleu("va va va !", "va !"), std::sqrt(0.5) * std::pow(1.0 / 3, 0.25)));
}

TEST_CASE("sentence_bleu of next to nothing") {
  REQUIRE(sentence_bleu("", "va !") == 0);
  REQUIRE(sentence_bleu("non", "va !") == 0);
  REQUIRE(near(sentence_bleu("va", "va !"), std::exp(-1.0)));  // it has no pair of words
  REQUIRE(near(sentence_bleu("  va   ! ", "va !", 4), 1));
}

TEST_CASE("sentence_bleu rejects no orders") {
  REQUIRE(contains(rejection([] { sentence_bleu("va", "va", 0); }), "0 orders"));
}
