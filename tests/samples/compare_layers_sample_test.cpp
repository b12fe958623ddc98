#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>

#include "support/check.h"
#include "support/program.h"
#include "support/temporary.h"

using namespace fovea::test;

TEST_CASE("compare_layers counts, traces and times three layers as the textbook's table has them") {
  const TemporaryFolder folder;
  const Outcome outcome =
      run_program("compare_layers", {"--width", "16", "--kernel", "5", "--lengths", "7", "16", "40", "130",
                                     "--runs", "3", "--json", "--out", folder.path().string()});
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  const nlohmann::json numbers = nlohmann::json::parse(outcome.lines().back());
  const auto number = [&](const std::string& name) { return numbers.at(name).get<double>(); };
  for (const int n : {7, 16, 40, 130}) {
    const auto of = [&](const std::string& layer, const char* what) {
      return number(layer + " " + std::to_string(n) + ": " + what);
    };
    CAPTURE(n);
    int projected = 0, compared = 0;  // a position at a time
    for (int row = 0; row < n; ++row) {
      projected += 16 * 16;
      for (int column = 0; column < n; ++column) compared += 16;
    }
    CHECK(of("CNN", "operations") == 5 * projected);
    CHECK(of("RNN", "operations") == 6 * projected);
    CHECK(of("self-attention", "operations") == 4 * projected + 2 * compared);
    int layers = 0;
    for (int reached = 0; reached < n - 1; reached += 2) ++layers;  // two positions on in each
    CHECK(of("CNN", "path") == layers);
    CHECK(of("RNN", "path") == n);
    CHECK(of("self-attention", "path") == 1);
    CHECK(of("CNN", "steps") == 1);
    CHECK(of("RNN", "steps") == n);
    CHECK(of("self-attention", "steps") == 1);
    CHECK(of("CNN", "reach") == 3);
    CHECK(of("RNN", "reach") == n);
    CHECK(of("self-attention", "reach") == n);
    for (const char* layer : {"CNN", "RNN", "self-attention"}) {
      CHECK(of(layer, "ms") > 0);
      CHECK(of(layer, "dispatches") >= 1);
    }
  }
  CHECK(number("rounds and layers differ by, at most") < 1e-5);
  CHECK(number("more operations from length") == 17);
  CHECK(std::abs(number("CNN: growth of operations") - 1) < 1e-9);
  CHECK(std::abs(number("RNN: growth of steps") - 1) < 1e-9);
  CHECK(number("self-attention: growth of operations") > 1.5);
  CHECK(number("self-attention: growth of path") == 0);
  CHECK(std::isfinite(number("self-attention: growth of time")));
  // (130, 130) floats, of the scores alone
  CHECK(number("three ops, MiB for intermediates") >= 130.0 * 130 * 4 / (1 << 20));
  CHECK(number("attention(), MiB for intermediates") < 130.0 * 130 * 4 / (1 << 20));
  CHECK(number("in blocks of 2, ms") > 0);
  CHECK(contains(outcome.out, "What is hard about long inputs?"));
  CHECK(contains(outcome.out, "How can it be more efficient?"));
  for (const char* name : {"operations.png", "time.png"})
    CHECK(std::filesystem::file_size(folder.path() / name) > 1000);
}

TEST_CASE("compare_layers says which option is wrong, and why") {
  const auto rejected = [](const std::vector<std::string>& options, const char* why) {
    const Outcome outcome = run_program("compare_layers", options);
    INFO(outcome.out << outcome.err);
    CHECK(outcome.status == 2);
    CHECK(contains(outcome.err, options.front()));
    CHECK(contains(outcome.err, why));
  };
  rejected({"--kernel", "4"}, "4 is even");
  rejected({"--kernel", "1"}, "1 not in range");
  rejected({"--width", "6"}, "6 is no multiple of 4");
  rejected({"--width", "wide"}, "wide");
  rejected({"--lengths", "16", "8"}, "longer");
  rejected({"--lengths", "16", "16"}, "longer");
  rejected({"--lengths", "16"}, "2");
}
