#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>

#include "support/program.h"
#include "support/temporary.h"

using namespace fovea::test;

TEST_CASE("scoring_functions prints the exact answers of every score, and what scores cost") {
  const TemporaryFolder folder;
  const Outcome outcome =
      run_program("scoring_functions", {"--size", "16", "--json", "--out", folder.path().string()});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);  // 1 where an answer is not as expected
  const nlohmann::json numbers = nlohmann::json::parse(outcome.lines().back());
  const auto number = [&](const std::string& name) { return numbers.at(name).get<double>(); };
  for (const char* score : {"additive, 20 over 2", "bilinear, 20 over 2", "uniform", "distance", "key norm",
                            "dot", "scaled dot", "bilinear", "additive"})
    CHECK(number(score) < 1e-5);
  CHECK(number("lengths of batches: weight behind them") == 0);
  CHECK(number("lengths of queries: weight behind them") == 0);
  // Distances and their short form differ by what all keys of a query share.
  CHECK(std::abs(number("distance, length 6") - number("key norm, length 6")) < 1e-4);
  CHECK(std::abs(number("dot, length 6") - number("additive, length 6")) > 1e-3);
  CHECK(number("sum of query and key") < 1e-6);
  CHECK(number("scaled dot spread") > 1e-2);
  CHECK(number("three ops / one") > 0);
  for (const char* name : {"equal_keys.png", "other_keys.png"})
    CHECK(std::filesystem::exists(folder.path() / name));
}
