// The samples: what their headings say that they print.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "support/check.h"
#include "support/program.h"
#include "support/svg.h"
#include "support/temporary.h"

using namespace fovea;
using namespace fovea::test;

namespace {

Outcome run_sample(const std::string& name, const std::vector<std::string>& arguments = {}) {
  const Outcome outcome = run_program(name, arguments);
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.status == 0);
  REQUIRE(outcome.err.empty());
  return outcome;
}

}  // namespace

TEST_CASE("hello prints a product and where it was computed") {
  CHECK(run_sample("hello").out == "   4.0   5.0\n  10.0  11.0\ncomputed on " + device().info().name + "\n");
}

TEST_CASE("host_c classifies on its own device, in slices") {
  const Outcome outcome = run_sample("host_c", {FOVEA_SOURCE_DIR "/samples/models/vit"});
  CHECK(contains(outcome.out, ", probability 0."));
  CHECK(contains(outcome.out, ", on " + device().info().name + "\n"));
}

TEST_CASE("host_device runs a plan in the host's command buffer") {
  CHECK(run_sample("host_device").out ==
        "softmax(1, 2, 3) = 0.0900 0.2447 0.6652, on " + device().info().name + "\n");
}

TEST_CASE("attention_from_ops agrees with attention() and draws where queries look") {
  const TemporaryFolder folder;
  const std::filesystem::path drawn = folder.path() / "weights.svg";
  const Outcome outcome = run_sample("attention_from_ops", {drawn.string()});
  CHECK(contains(outcome.out, "worst difference of single ops and attention(): "));
  CHECK(contains(outcome.out, "weights of the heads: " + drawn.string()));
  // A query looks at its own place most, and less at places farther away: the diagonal is the darkest.
  const std::vector<SvgElement> svg = read_svg(read_bytes(drawn)), cells = with(svg, "class", "cell");
  REQUIRE(cells.size() == 2 * 24 * 24);
  for (const char* text : {"head 1", "head 2"}) labelled(svg, text);
  const auto green = [&](size_t row, size_t column) {  // of the first head
    return std::stoi(cells[row * 24 + column].attributes.at("fill").substr(3, 2), nullptr, 16);
  };
  for (size_t query = 0; query < 24; ++query) {
    CHECK(green(query, query) < green(query, (query + 3) % 24));
    CHECK(green(query, (query + 12) % 24) > 200);
  }
}

TEST_CASE("train_tiny learns to look up nearly every value") {
  const Outcome outcome = run_sample("train_tiny");  // ends with 1 below 99 %
  CHECK(outcome.lines().size() == 5);
  CHECK(contains(outcome.lines().back(), " of 1024, on " + device().info().name));
}
