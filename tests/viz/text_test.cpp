#include "viz/text.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "support/temporary.h"

namespace fovea {
namespace {

using Catch::Approx;
using test::contains;
using test::rejection;

// The places in the text of what stands from left to right.
std::vector<uint32_t> visual(const Typesetter& typesetter, const std::string& text) {
  std::vector<uint32_t> order;
  for (const Glyph& glyph : typesetter.set(text, 10).glyphs) order.push_back(glyph.character);
  return order;
}

TEST_CASE("text: Arabic letters join, which gives them other forms") {
  const Typesetter typesetter;
  const Text alone = typesetter.set("ب", 10), joined = typesetter.set("ببب", 10);
  REQUIRE(alone.glyphs.size() == 1);
  REQUIRE(joined.glyphs.size() == 3);
  std::set<uint32_t> forms{alone.glyphs[0].id};
  for (const Glyph& glyph : joined.glyphs) CHECK(forms.insert(glyph.id).second);  // last, middle, first
  CHECK(typesetter.set("لا", 10).glyphs.size() == 1);                             // a ligature
  const Text sign = typesetter.set("بَ", 10);
  CHECK(sign.width == Approx(alone.width));  // a vowel sign stands above its letter
}

TEST_CASE("text: right-to-left runs are turned, numbers and other scripts in them are not") {
  const Typesetter typesetter;
  using Order = std::vector<uint32_t>;
  CHECK(visual(typesetter, "abc") == Order{0, 1, 2});
  CHECK(visual(typesetter, "אבג") == Order{2, 1, 0});
  CHECK(visual(typesetter, "abc אבג 12") == Order{0, 1, 2, 3, 8, 9, 7, 6, 5, 4});
  CHECK(visual(typesetter, "אבג abc") == Order{4, 5, 6, 3, 2, 1, 0});  // begun from right to left
  const Text mirrored = typesetter.set("א(", 10), plain = typesetter.set("א)", 10);
  CHECK(mirrored.glyphs[0].id != plain.glyphs[0].id);
  CHECK(mirrored.glyphs[0].id == typesetter.set("a)", 10).glyphs[1].id);
}

TEST_CASE("text: every script has a font, and Devanagari its conjuncts") {
  const Typesetter typesetter;
  std::set<uint32_t> fonts;
  for (const std::string text : {"Où est-il ? ▁un", "السَّلامُ", "नमस्ते", "私は天才です。", "▁私", "Ж √2"})
    for (const Glyph& glyph : typesetter.set(text, 10).glyphs) {
      INFO(text);
      CHECK(glyph.id != 0);
      fonts.insert(glyph.font);
    }
  CHECK(fonts.size() >= 2);
  CHECK(typesetter.set("क्ष", 10).glyphs.size() == 1);
  // The vowel sign of "ki" is written in front of its consonant.
  const Text ki = typesetter.set("कि", 10), ka = typesetter.set("क", 10);
  REQUIRE(ki.glyphs.size() == 2);
  CHECK(ki.glyphs[1].id == ka.glyphs[0].id);
}

TEST_CASE("text: what is not UTF-8 and what has no form of its own is drawn all the same") {
  const Typesetter typesetter;
  CHECK(typesetter.set("a\xe3\x81", 10).source == "a\uFFFD\uFFFD");
  CHECK(typesetter.set(std::string("\0\x1b", 2), 10).source == "\uFFFD\uFFFD");
  CHECK(typesetter.set("a\n\tb", 10).source == "a↵→b");
  CHECK(typesetter.set("é𝄞", 10).source == "é𝄞");
  const Text none = typesetter.set("", 10);
  CHECK((none.width == 0 && none.glyphs.empty() && none.outline.segments.empty()));
}

TEST_CASE("text: outlines lie in the box and grow with the size") {
  const Typesetter typesetter;
  const Text small = typesetter.set("fjord ỹ", 10), large = typesetter.set("fjord ỹ", 30);
  CHECK(large.width == Approx(3 * small.width));
  CHECK(large.ascent == Approx(3 * small.ascent));
  CHECK((small.ascent > 7 && small.descent > 1.5));
  CHECK(small.outline.segments.size() == large.outline.segments.size());
  for (const Path::Segment& each : small.outline.segments)
    for (size_t i = 0; i < Path::count(each.kind); ++i) {
      const Point& p = each.points[i];
      REQUIRE((p.x >= small.box.left && p.x <= small.box.right));
      REQUIRE((p.y >= small.box.top && p.y <= small.box.bottom));
    }
  CHECK(typesetter.set("10", 10).width == Approx(typesetter.set("88", 10).width));
}

TEST_CASE("text: a font that is not there, or not a font, is named") {
  const test::TemporaryFolder folder;
  const std::string none = (folder.path() / "none.ttf").string();
  CHECK(contains(rejection([&] { Typesetter{none}; }), none));
  const std::string text = folder.write("text.ttf", "no font").string();
  CHECK(contains(rejection([&] { Typesetter{text}; }), text));
}

}  // namespace
}  // namespace fovea
