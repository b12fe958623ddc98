#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "support/program.h"
#include "support/temporary.h"

using namespace fovea::test;

TEST_CASE("attention_cues makes rows of weights, shows the slip, and draws both") {
  const TemporaryFolder folder;
  const Outcome outcome = run_program("attention_cues", {"--json", "--out", folder.path().string()});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  const nlohmann::json numbers = nlohmann::json::parse(outcome.lines().back());
  CHECK(std::abs(numbers.at("sums of rows, the least").get<double>() - 1) < 1e-6);
  CHECK(std::abs(numbers.at("sums of rows, the most").get<double>() - 1) < 1e-6);
  CHECK(numbers.at("slip: sums of rows, the least").get<double>() < 0.99);
  CHECK(numbers.at("slip: sums of rows, the most").get<double>() > 1.01);
  for (const char* name : {"identity.png", "scores.png", "weights.png"})
    CHECK(std::filesystem::exists(folder.path() / name));
  CHECK(run_program("attention_cues", {"--nothing"}).status == 2);
}
