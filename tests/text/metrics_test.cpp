#include "fovea/metrics.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using Text = std::vector<std::string>;

// Levenshtein's distance by its definition, of ASCII.
uint64_t plain_distance(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  if (a[0] == b[0]) return plain_distance(a.substr(1), b.substr(1));
  return 1 + std::min({plain_distance(a.substr(1), b), plain_distance(a, b.substr(1)),
                       plain_distance(a.substr(1), b.substr(1))});
}

TEST_CASE("metrics: exact match counts equal lines") {
  const Ratio matches = exact_match(Text{"a", "b ", "", "d"}, Text{"a", "b", "", "D"});
  CHECK(matches.part == 2);
  CHECK(matches.whole == 4);
  CHECK(matches.percent() == 50);
  CHECK(exact_match(Text{"é"}, Text{"e\u0301"}).part == 0);
}

TEST_CASE("metrics: character errors count code points, over all lines") {
  const Ratio errors = character_errors(Text{"kitten", "日本", "", "ab"}, Text{"sitting", "日语", "xyz", ""});
  CHECK(errors.part == 3 + 1 + 3 + 2);
  CHECK(errors.whole == 7 + 2 + 3 + 0);
  CHECK(errors.percent() == 75);
  CHECK(character_errors(Text{"aaaa"}, Text{"b"}).percent() == 400);
  CHECK(character_errors(Text{"🙂é"}, Text{"🙂é"}).part == 0);
}

TEST_CASE("metrics: character errors match the definition") {
  std::mt19937 random(3);
  const auto text = [&] {
    std::string made(random() % 6, ' ');
    for (char& letter : made) letter = "abc"[random() % 3];
    return made;
  };
  for (int round = 0; round < 300; ++round) {
    const std::string hypothesis = text(), reference = text() + "a";
    INFO(hypothesis << " for " << reference);
    CHECK(character_errors(Text{hypothesis}, Text{reference}).part == plain_distance(hypothesis, reference));
  }
}

TEST_CASE("metrics: top-k accuracy counts rows, the first of equal logits being the larger") {
  const std::vector<float> logits{3, 1, 2, 0, /**/ 0, 5, 5, 5, /**/ -INFINITY, -1, INFINITY, -2};
  const std::vector<uint32_t> right{2, 3, 0};  // second, third and last of their rows
  CHECK(top_k_accuracy(logits, right, 1).part == 0);
  CHECK(top_k_accuracy(logits, right, 2).part == 1);
  CHECK(top_k_accuracy(logits, right, 3).part == 2);
  CHECK(top_k_accuracy(logits, right, 4).part == 3);
  CHECK(top_k_accuracy(logits, right, 9).percent() == 100);
  CHECK(top_k_accuracy(logits, std::vector<uint32_t>{0, 1, 2}, 1).part == 3);
}

TEST_CASE("metrics: logits that cannot be ranked are rejected") {
  const auto rejected = [](std::vector<float> logits, std::vector<uint32_t> right) {
    return rejection([&] { top_k_accuracy(logits, right, 1); });
  };
  CHECK(rejected({}, {}) == "top_k_accuracy: 0 rows, at least 1 is needed");
  CHECK(rejected({1, 2, 3}, {0, 0}) == "top_k_accuracy: 3 logits for 2 rows");
  CHECK(rejected({1, 2, 3, 4}, {0, 2}) == "top_k_accuracy: class 2 of 2 in row 1");
  CHECK(rejected({1, 2, NAN, 4}, {0, 1}) == "top_k_accuracy: NaN among the logits of row 1");
}

TEST_CASE("metrics: what cannot be measured is rejected") {
  CHECK(rejection([] { exact_match(Text{"a"}, Text{"a", "b"}); }) ==
        "exact_match: 1 hypotheses for 2 references");
  CHECK(rejection([] { character_errors(Text{"a"}, Text{}); }) ==
        "character_errors: 1 hypotheses for 0 references");
  CHECK(rejection([] { exact_match({}, {}); }) == "exact_match: 0 lines, at least 1 is needed");
  CHECK(rejection([] { character_errors(Text{"a"}, Text{""}); }) ==
        "character_errors: 1 references without any character");
  CHECK(contains(rejection([] { character_errors(Text{"\xff"}, Text{"a"}); }), "not UTF-8 at byte 0"));
}

}  // namespace
}  // namespace fovea
