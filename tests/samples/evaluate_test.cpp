#include <sys/wait.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "io/temporary.h"

namespace {

using fovea::test::contains;

struct Outcome {
  int status = -1;
  std::string text;  // what it printed, errors too
};

Outcome evaluate(const std::string& arguments) {
  const std::string command = "'" FOVEA_BINARY_DIR "/evaluate' " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  Outcome outcome;
  std::array<char, 4096> part;
  while (const size_t size = std::fread(part.data(), 1, part.size(), pipe))
    outcome.text.append(part.data(), size);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
  return outcome;
}

TEST_CASE("evaluate: lines, a column of a TSV, and wrong usage") {
  const fovea::test::TemporaryFolder folder;
  const auto quoted = [](const std::filesystem::path& path) { return " '" + path.string() + "'"; };
  const std::string pairs = quoted(folder.write("pairs.tsv", "a\tkitten\tx\r\nb\tété\nc\tgo"));
  const std::string lines = quoted(folder.write("lines.txt", "sitten\nété\ngo\n"));

  const Outcome json = evaluate("--references" + pairs + " --column 2 --json <" + lines);
  INFO(json.text);
  REQUIRE(json.status == 0);
  const auto all = nlohmann::json::parse(json.text);
  CHECK(all["lines"] == 3);
  CHECK(all["exact_matches"] == 2);
  CHECK(all["character_edits"] == 1);
  CHECK(all["reference_characters"] == 11);

  const Outcome text = evaluate("--references" + lines + " --hypotheses" + lines);
  CHECK(text.status == 0);
  CHECK(contains(text.text, "exact match           100.00 % (3 lines)"));
  CHECK(contains(text.text, "character error rate  0.00 % (0 edits of 11 characters)"));

  const Outcome unequal = evaluate("--references" + lines + " </dev/null");
  CHECK(unequal.status == 1);
  CHECK(contains(unequal.text, "standard input: 0 lines, "));
  CHECK(contains(unequal.text, "lines.txt: 3 lines"));
  const Outcome narrow = evaluate("--references" + pairs + " --column 3 <" + lines);
  CHECK(narrow.status == 1);
  CHECK(contains(narrow.text, "pairs.tsv:2: expected 3 columns, got 2"));
  CHECK(evaluate("--references" + lines + " --column 0 </dev/null").status == 2);
  CHECK(evaluate("</dev/null").status == 2);
  CHECK(evaluate("--references /no/such/file </dev/null").status == 1);
}

}  // namespace
