#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>

#include "support/program.h"
#include "support/temporary.h"

using namespace fovea::test;

namespace {

nlohmann::json run_regression(const std::vector<std::string>& options) {
  std::vector<std::string> arguments = options;
  arguments.emplace_back("--json");
  const Outcome outcome = run_program("kernel_regression", arguments);
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  return nlohmann::json::parse(outcome.lines().back());
}

}  // namespace

TEST_CASE("kernel_regression learns a width that is sharper, and draws what it learnt") {
  const TemporaryFolder folder;
  const nlohmann::json numbers = run_regression({"--out", folder.path().string()});
  const auto number = [&](const char* name) { return numbers.at(name).get<double>(); };
  CHECK(number("average pooling: highest less lowest") == 0);
  CHECK(number("fixed width: error") < number("average pooling: error"));
  CHECK(number("last loss") < 0.6 * number("first loss"));
  CHECK(std::abs(number("w after")) > number("w before"));
  CHECK(number("learnt: largest weight") > number("fixed width: largest weight"));
  CHECK(number("constant: error") > number("Gaussian: error"));
  for (const char* name :
       {"pooling", "pooling_weights", "kernels", "kernels_weights", "widths", "widths_weights", "loss"})
    CHECK(std::filesystem::exists(folder.path() / (std::string(name) + ".png")));
}

TEST_CASE("kernel_regression copies its examples where each is its own key, and learns other scores too") {
  const nlohmann::json copied = run_regression({"--with-self", "--epochs", "20"});
  CHECK(copied.at("last loss").get<double>() < 0.5 * copied.at("first loss").get<double>());
  const nlohmann::json additive =
      run_regression({"--pooling", "additive", "--epochs", "40", "--examples", "20"});
  CHECK(additive.at("last loss").get<double>() < additive.at("first loss").get<double>());
  CHECK(run_program("kernel_regression", {"--pooling", "none"}).status == 2);
}
