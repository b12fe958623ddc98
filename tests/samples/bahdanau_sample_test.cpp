// The sample bahdanau: a short training prints what its heading says, and draws.
#include <catch2/catch_test_macros.hpp>

#include "fovea/bahdanau.hpp"
#include "fovea/image.hpp"
#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

Outcome run_sample(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"--json",  "--pairs", "16",          "--batch", "8",
                                  "--width", "16",      "--embedding", "8"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Outcome outcome = run_program("bahdanau", all);
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  return outcome;
}

nlohmann::json numbers_of(const Outcome& outcome) { return nlohmann::json::parse(outcome.lines().back()); }

}  // namespace

TEST_CASE("bahdanau trains, translates, draws and keeps its model") {
  const TemporaryFolder folder;
  const Outcome outcome = run_sample({"--epochs", "8", "--out", folder.path().string()});
  CHECK(contains(outcome.out, "16 pairs"));
  CHECK(contains(outcome.out, "i'm home . => "));
  const nlohmann::json numbers = numbers_of(outcome);
  CHECK(numbers["dispatches of a step, in one submission"].get<double>() > 100);
  CHECK(numbers["loss per token of the last epoch"].get<double>() < 0.5);
  CHECK(numbers.contains("bleu of go ."));
  CHECK(load_image(folder.path() / "bahdanau-attention.png").width > 100);
  CHECK(load_image(folder.path() / "bahdanau-loss.png").width > 100);
  const Bahdanau kept(device(), (folder.path() / "bahdanau").string());
  CHECK(kept.config().width == 16);
}

TEST_CASE("bahdanau repeats itself for a seed, and takes another cell and score") {
  const auto loss = [](const std::vector<std::string>& arguments) {
    return numbers_of(run_sample(arguments))["loss per token of the last epoch"].get<double>();
  };
  CHECK(loss({"--epochs", "1"}) == loss({"--epochs", "1"}));
  CHECK(loss({"--epochs", "1", "--rnn", "lstm", "--score", "scaled"}) < 0.6);
  CHECK(loss({"--epochs", "1", "--score", "bilinear"}) < 0.6);
  CHECK(loss({"--epochs", "1", "--score", "dot"}) < 0.6);
}

TEST_CASE("bahdanau says what is wrong") {
  for (const char* option : {"--score", "--rnn"}) {
    const Outcome outcome = run_program("bahdanau", {option, "cosine"});
    CHECK(outcome.status == 2);
    CHECK(contains(outcome.err, "cosine"));
  }
  const Outcome none = run_program("bahdanau", {"--data", "no-such.tsv"});
  CHECK(none.status == 1);
  CHECK(contains(none.err, "no-such.tsv"));
}
