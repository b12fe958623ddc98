#include <catch2/catch_test_macros.hpp>

#include "io/ctranslate2.h"
#include "support/temporary.h"

namespace fovea {
namespace {

using test::contains;
using test::rejection;
using test::TemporaryFolder;

TEST_CASE("ctranslate2: vocabularies") {
  const TemporaryFolder folder;
  const auto lines = [&](const std::string& bytes) {
    folder.write("source_vocabulary.txt", bytes);
    return read_vocabulary(folder.path(), "source_vocabulary");
  };
  using Tokens = std::vector<std::string>;
  CHECK(lines("").empty());
  CHECK(lines("a\nb") == Tokens{"a", "b"});
  CHECK(lines("a\nb\n") == Tokens{"a", "b"});
  CHECK(lines("a\r\n\r\nb\r\r\n") == Tokens{"a", "", "b\r"});
  CHECK(lines("\n\n") == Tokens{"", ""});
  CHECK(lines("\xe2\x80\xa8\n \v\f\x1c\xc2\x85\n") == Tokens{"\xe2\x80\xa8", " \v\f\x1c\xc2\x85"});

  const auto path = folder.write("source_vocabulary.json", "[\"<s>\", \"\\u00e9\", \"\\n\"]");
  CHECK(read_vocabulary(folder.path(), "source_vocabulary") == Tokens{"<s>", "\xc3\xa9", "\n"});
  const auto says = [&](const std::string& json, const std::string& expected) {
    folder.write("source_vocabulary.json", json);
    const std::string message = rejection([&] { read_vocabulary(folder.path(), "source_vocabulary"); });
    INFO(message);
    CHECK(contains(message, path.string() + ": "));
    CHECK(contains(message, expected));
  };
  says("{}", "expected an array of tokens, got an object of 0 keys");
  says("[\"a\", 1]", "token 1: expected a string, got 1");
  says("[\"a\"", "not JSON");
  CHECK(rejection([&] { read_vocabulary(folder.path(), "other"); }) ==
        folder.path().string() + ": has no vocabulary other.json or other.txt");
}

}  // namespace
}  // namespace fovea
