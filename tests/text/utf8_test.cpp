#include "text/utf8.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "support/temporary.h"

namespace fovea {
namespace {

using test::rejection;

// The definition, read backwards: decodes by the bits of the first byte, then refuses what has a shorter
// form.
bool is_one(std::string_view text) {
  const auto first = uint8_t(text[0]);
  const size_t bytes = first < 0x80       ? 1
                       : first >> 5 == 6  ? 2
                       : first >> 4 == 14 ? 3
                       : first >> 3 == 30 ? 4
                                          : 0;
  if (bytes != text.size()) return false;
  uint32_t point = bytes == 1 ? first : first & (0x7fu >> bytes);
  for (size_t index = 1; index < bytes; ++index) {
    if ((uint8_t(text[index]) & 0xc0) != 0x80) return false;
    point = point << 6 | (uint8_t(text[index]) & 0x3f);
  }
  const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  return point >= least[bytes] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

TEST_CASE("utf8: every pair of bytes, and every first pair of three and four") {
  for (uint32_t pair = 0; pair < 0x10000; ++pair) {
    const std::string two{char(pair >> 8), char(pair & 0xff)};
    const bool one_each = pair < 0x8000 && (pair & 0x80) == 0;
    const bool expected[] = {one_each || is_one(two), is_one(two + "\x80"), is_one(two + "\xbf\xbf"),
                             is_one(two + "\x80\x7f")};
    const bool got[] = {is_utf8(two), character_bytes(two + "\x80") == 3,
                        character_bytes(two + "\xbf\xbf") == 4, character_bytes(two + "\x80\x7f") == 4};
    if (!std::equal(expected, expected + 4, got)) FAIL("bytes " << std::hex << pair);
  }
}

TEST_CASE("utf8: where a text stops being UTF-8") {
  CHECK(is_utf8(""));
  CHECK(is_utf8(std::string_view("a\0b", 3)));
  CHECK(is_utf8("aé日🙂\U0010FFFF"));
  CHECK(utf8_prefix("abc\xff") == 3);
  CHECK(utf8_prefix("\xc0\x80") == 0);          // overlong
  CHECK(utf8_prefix("é\xed\xa0\x80") == 2);     // a surrogate
  CHECK(utf8_prefix("\xf4\x90\x80\x80") == 0);  // above U+10FFFF
  CHECK(utf8_prefix("日\xe6\x97") == 3);        // cut short
  CHECK(rejection([] { check_utf8("ab\x80", "line"); }) == "line: not UTF-8 at byte 2 of 3");
}

TEST_CASE("utf8: characters") {
  CHECK(characters("").empty());
  CHECK(characters("a é日🙂") == std::vector<std::string>{"a", " ", "é", "日", "🙂"});
  CHECK(characters("e\u0301").size() == 2);
  CHECK(characters(std::string_view("\0", 1)) == std::vector{std::string(1, '\0')});
  CHECK(rejection([] { characters("ab\xf0\x9f\x99"); }) == "characters: not UTF-8 at byte 2 of 5");
}

}  // namespace
}  // namespace fovea
