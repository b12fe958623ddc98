// The textbook's Transformer, its heads and its positions: the numbers that the samples print, from trainings
// that are cut short.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;
using nlohmann::json;

namespace {

// The first pairs of the project, few steps; gives the object on the last line.
json run_sample(const std::string& name, std::vector<std::string> arguments) {
  const std::vector<std::string> common{"--data",          FOVEA_SOURCE_DIR "/samples/pairs/en-fr.tsv",
                                        "--pairs",         "24",
                                        "--batch",         "24",
                                        "--rate",          "0.01",
                                        "--min-frequency", "1",
                                        "--json"};
  arguments.insert(arguments.end(), common.begin(), common.end());
  const Outcome outcome = run_program(name, arguments);
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  REQUIRE(outcome.err.empty());
  return json::parse(outcome.lines().back());
}

bool is_drawn(const std::filesystem::path& picture) {
  return std::filesystem::exists(picture) && std::filesystem::file_size(picture) > 1000;
}

}  // namespace

TEST_CASE("transformer_en_fr learns pairs by heart, and draws where it looks") {
  const TemporaryFolder folder;
  const json made =
      run_sample("transformer_en_fr", {"--epochs", "80", "--dropout", "0", "--out", folder.path().string()});
  CHECK(made["training loss of a word"].get<double>() < 0.06);
  CHECK(made["said: go ."].get<std::string>() == "va !");
  CHECK(made["BLEU of go ."].get<double>() == 1);
  CHECK(made["encoder: (2, 4, 10, 10)"].get<int>() == 1);
  CHECK(made["decoder: (2, 4, 6, 10)"].get<int>() == 1);  // je suis chez moi . and its end
  CHECK(made["decoder to encoder: (2, 4, 6, 10)"].get<int>() == 1);
  for (const char* picture : {"encoder.png", "decoder.png", "cross.png", "loss.png"})
    CHECK(is_drawn(folder.path() / picture));
}

TEST_CASE("transformer_en_fr takes additive scores, norms in front and more layers") {
  const json made = run_sample("transformer_en_fr",
                               {"--epochs", "4", "--score", "additive", "--norm", "before", "--layers", "3"});
  CHECK(made["encoder: (3, 4, 10, 10)"].get<int>() == 1);
  CHECK(made["training loss of a word"].get<double>() < 0.4);
}
