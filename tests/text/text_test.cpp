#include <catch2/catch_test_macros.hpp>

#include "fovea/data.hpp"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::bad_file;
using test::contains;
using test::TemporaryFolder;
using Lines = std::vector<std::string>;

Lines joined(const std::vector<TextPair>& pairs) {
  Lines lines;
  for (const TextPair& pair : pairs) lines.push_back(pair.source + "|" + pair.target);
  return lines;
}

TEST_CASE("text: lines") {
  const TemporaryFolder folder;
  const auto lines = [&](std::string_view bytes) { return read_lines(folder.write("text", bytes)); };
  CHECK(lines("").empty());
  CHECK(lines("\n") == Lines{""});
  CHECK(lines("a\n\nß \r\nb\rc") == Lines{"a", "", "ß ", "b\rc"});
  CHECK(lines("a\nb\n") == Lines{"a", "b"});
  CHECK(lines(std::string_view("a\0b\n", 4)) == Lines{std::string("a\0b", 3)});
  const auto bad = folder.write("bad", "good\nno\xc3\n");
  CHECK(bad_file([&] { read_lines(bad); }) == bad.string() + ":2: not UTF-8 at byte 2 of 3");
  CHECK(contains(bad_file([&] { read_lines(folder.path() / "missing"); }), "missing: cannot open"));
}

TEST_CASE("text: two files line by line") {
  const TemporaryFolder folder;
  const auto source = folder.write("source", "one\n\nthree\n"),
             target = folder.write("target", "eins\nzwei\ndrei");
  CHECK(joined(read_parallel(source, target)) == Lines{"one|eins", "|zwei", "three|drei"});
  std::vector<int64_t> asked;
  const auto kept =
      read_parallel(source, target, [&](int64_t line, std::string_view from, std::string_view to) {
        asked.push_back(line);
        return !from.empty() && to != "drei";
      });
  CHECK(joined(kept) == Lines{"one|eins"});
  CHECK(asked == std::vector<int64_t>{1, 2, 3});
  const auto shorter = folder.write("shorter", "eins\n");
  CHECK(bad_file([&] { read_parallel(source, shorter); }) ==
        source.string() + " and " + shorter.string() + ": 3 and 1 lines, expected as many in both");
}

TEST_CASE("text: a file of columns") {
  const TemporaryFolder folder;
  const auto path = folder.write("pairs", "a b\tc d\tby somebody\t\n\te\r\nf\t\n");
  CHECK(joined(read_pairs(path)) == Lines{"a b|c d", "|e", "f|"});
  const auto odd = [](int64_t line, std::string_view, std::string_view) { return line % 2 == 1; };
  CHECK(joined(read_pairs(path, odd)) == Lines{"a b|c d", "f|"});
  const auto bad = folder.write("bad", "a\tb\nno tab\n");
  CHECK(bad_file([&] { read_pairs(bad); }) == bad.string() + ":2: no tab, expected source, tab, target");
}

}  // namespace
}  // namespace fovea
