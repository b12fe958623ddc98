// Heads of a Transformer whose training is cut short: that all are measured, and fewer are quicker and worse.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;

TEST_CASE("multi_head takes heads out by their importance") {
  const TemporaryFolder folder;
  const Outcome outcome =
      run_program("multi_head", {"--data", FOVEA_SOURCE_DIR "/samples/pairs/en-fr.tsv", "--pairs", "24",
                                 "--batch", "24", "--min-frequency", "1", "--rate", "0.01", "--epochs", "60",
                                 "--dropout", "0", "--json", "--out", folder.path().string()});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  const json made = json::parse(outcome.lines().back());
  size_t heads = 0;
  for (const auto& [name, value] : made.items())
    if (name.find(", head ") != std::string::npos) {
      CHECK(value.get<double>() > 0);
      ++heads;
    }
  CHECK(heads == 24);
  CHECK(made["24 heads: BLEU"].get<double>() > 0.8);
  CHECK(made["6 heads: BLEU"].get<double>() <= made["24 heads: BLEU"].get<double>());
  CHECK(made["6 heads: ms"].get<double>() > 0);
  for (const char* picture : {"heads.png", "bleu.png", "time.png"})
    CHECK(std::filesystem::exists(folder.path() / picture));
  CHECK(std::filesystem::exists(folder.path() / "pruned/config.json"));
}

TEST_CASE("multi_head rejects trainings of no epochs") {
  const Outcome outcome = run_program("multi_head", {"--epochs", "0"});
  CHECK(outcome.status == 2);
  CHECK(contains(outcome.err, "--epochs"));
}
