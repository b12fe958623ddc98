// BLEU against sacreBLEU: tools/make_golden_bleu recorded what it says.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fovea/metrics.hpp"
#include "io/file.h"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using Text = std::vector<std::string>;

const nlohmann::json& golden() {
  static const nlohmann::json all =
      nlohmann::json::parse(read_text(FOVEA_SOURCE_DIR "/tests/golden/bleu.json"));
  return all;
}

double bleu_of(const Text& hypotheses, const Text& references) {
  return corpus_bleu(hypotheses, std::array{Lines(references)}).score;
}

TEST_CASE("bleu: the tokenizer 13a is sacreBLEU's") {
  REQUIRE(golden()["tokens"].size() > 200);
  for (const nlohmann::json& pair : golden()["tokens"]) {
    std::string joined;
    for (const std::string& token : tokens_13a(pair[0])) joined += (joined.empty() ? "" : " ") + token;
    INFO(pair.dump());
    CHECK(joined == pair[1].get<std::string>());
  }
}

TEST_CASE("bleu: scores are sacreBLEU's") {
  REQUIRE(golden()["cases"].size() > 15);
  for (const nlohmann::json& wanted : golden()["cases"]) {
    INFO(wanted["name"]);
    const Text hypotheses = wanted["hypotheses"];
    const std::vector<Text> references = wanted["references"];
    const Bleu got = corpus_bleu(hypotheses, std::vector<Lines>(references.begin(), references.end()));
    CHECK(std::abs(got.score - wanted["score"].get<double>()) < 1e-8);
    for (size_t i = 0; i < 4; ++i)
      CHECK(std::abs(got.precisions[i] - wanted["precisions"][i].get<double>()) < 1e-8);
    CHECK(std::abs(got.brevity_penalty - wanted["brevity_penalty"].get<double>()) < 1e-8);
    CHECK(got.hypothesis_tokens == wanted["hypothesis_tokens"]);
    CHECK(got.reference_tokens == wanted["reference_tokens"]);
    CHECK(wanted["signature"].get<std::string>().starts_with(got.signature + "|version:"));
  }
}

TEST_CASE("bleu: by hand") {
  CHECK(tokens_13a("It's 3.5, no: 1,000.") == Text{"It's", "3.5", ",", "no", ":", "1,000", "."});
  // 5 of 6 words, 3 of 5 pairs, 1 of 4 triples, and for the quadruples half of 1 of 3.
  const double product = 5.0 / 6 * 3 / 5 * 1 / 4 * 0.5 / 3;
  const double got = bleu_of({"the cat sat on a mat"}, {"the cat sat in a mat"});
  CHECK(std::abs(got - 100 * std::pow(product, 0.25)) < 1e-9);
  CHECK(std::abs(bleu_of({"a b c d"}, {"a b c d e"}) - 100 * std::exp(-0.25)) < 1e-9);
}

TEST_CASE("bleu: what cannot be measured is rejected") {
  const Text one{"a"}, two{"a", "b"}, none;
  CHECK(rejection([&] { corpus_bleu(one, {}); }) == "bleu: 0 lists of references, at least 1 is needed");
  CHECK(rejection([&] { corpus_bleu(one, std::array{Lines(one), Lines(two)}); }) ==
        "bleu: 1 hypotheses for 2 references");
  CHECK(rejection([&] { corpus_bleu(none, std::array{Lines(none)}); }) ==
        "bleu: 0 lines, at least 1 is needed");
  CHECK(contains(rejection([&] { bleu_of({"\xff"}, {"a"}); }), "not UTF-8 at byte 0"));
}

}  // namespace
}  // namespace fovea
