#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "io/temporary.h"
#include "support/program.h"

using namespace fovea::test;

namespace {

Outcome evaluate(const std::vector<std::string>& arguments, const std::string& input = "") {
  return run_program("evaluate", arguments, input);
}

}  // namespace

TEST_CASE("evaluate: lines, a column of a TSV, and wrong usage") {
  const TemporaryFolder folder;
  const std::string pairs = folder.write("pairs.tsv", "a\tkitten\tx\r\nb\tété\nc\tgo").string();
  const std::string text = "sitten\nété\ngo\n", lines = folder.write("lines.txt", text).string();

  const Outcome json = evaluate({"--references", pairs, "--column", "2", "--json"}, text);
  INFO(json.err);
  REQUIRE(json.status == 0);
  const auto all = nlohmann::json::parse(json.out);
  CHECK(all["lines"] == 3);
  CHECK(all["exact_matches"] == 2);
  CHECK(all["character_edits"] == 1);
  CHECK(all["reference_characters"] == 11);

  const Outcome plain = evaluate({"--references", lines, "--hypotheses", lines});
  CHECK(plain.status == 0);
  CHECK(contains(plain.out, "exact match           100.00 % (3 lines)"));
  CHECK(contains(plain.out, "character error rate  0.00 % (0 edits of 11 characters)"));

  const Outcome unequal = evaluate({"--references", lines});
  CHECK(unequal.status == 1);
  CHECK(contains(unequal.err, "standard input: 0 lines, "));
  CHECK(contains(unequal.err, "lines.txt: 3 lines"));
  const Outcome narrow = evaluate({"--references", pairs, "--column", "3"}, text);
  CHECK(narrow.status == 1);
  CHECK(contains(narrow.err, "pairs.tsv:2: expected 3 columns, got 2"));
  CHECK(evaluate({"--references", lines, "--column", "0"}).status == 2);
  CHECK(evaluate({}).status == 2);
  CHECK(evaluate({"--references", "/no/such/file"}).status == 1);
}
