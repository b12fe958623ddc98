// Positions, with trainings that are cut short: the numbers are checked by the sample itself.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;

TEST_CASE("positions are turns, and can be learnt") {
  const TemporaryFolder folder;
  const Outcome outcome =
      run_program("positions", {"--data", FOVEA_SOURCE_DIR "/samples/pairs/en-fr.tsv", "--pairs", "24",
                                "--batch", "24", "--min-frequency", "1", "--rate", "0.01", "--epochs", "40",
                                "--dropout", "0", "--json", "--out", folder.path().string()});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(contains(outcome.out, "5 in binary is 101"));
  const json made = json::parse(outcome.lines().back());
  CHECK(made["5 rows on is a turn, worst error"].get<double>() < 1e-5);
  CHECK(made["sinusoids: training loss of a word"].get<double>() < 0.2);
  CHECK(made["learnt: training loss of a word"].get<double>() < 0.2);
  for (const char* picture : {"columns.png", "sinusoids.png", "learned.png"})
    CHECK(std::filesystem::exists(folder.path() / picture));
}

TEST_CASE("positions rejects trainings of no epochs") {
  const Outcome outcome = run_program("positions", {"--epochs", "0"});
  CHECK(outcome.status == 2);
  CHECK(contains(outcome.err, "--epochs"));
}
