#include "viz/text.h"

#include <fribidi.h>

#include <span>

#include "core/check.h"
#include "text/utf8.h"
#include "viz/fonts.h"

namespace fovea {
namespace {

// A part of a text that is shaped as one.
struct Run {
  size_t first, count;  // characters
  FriBidiLevel level;   // odd: from right to left
  hb_script_t script;
  size_t font;
};

constexpr char32_t kReplacement = 0xfffd;

char32_t drawn(char32_t character) {
  if (character == '\n') return U'\u21b5';
  if (character == '\t') return U'\u2192';
  const bool control = character < 0x20 || (character >= 0x7f && character < 0xa0);
  return control || character == 0x2028 || character == 0x2029 ? kReplacement : character;
}

std::u32string characters_of(std::string_view text) {
  std::u32string made;
  while (!text.empty()) {
    const size_t bytes = character_bytes(text);
    char32_t character = bytes == 0 ? kReplacement : uint8_t(text[0]) & (bytes == 1 ? 0x7f : 0x7f >> bytes);
    for (size_t i = 1; i < bytes; ++i) character = character << 6 | (uint8_t(text[i]) & 0x3f);
    made += drawn(character);
    text.remove_prefix(std::max(bytes, size_t(1)));
  }
  return made;
}

std::string utf8_of(const std::u32string& text) {
  std::string made;
  for (const char32_t character : text) {
    const int more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;  // bytes
    const uint32_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    made += char(lead[more] | character >> (6 * more));
    for (int i = more; i-- > 0;) made += char(0x80 | (character >> (6 * i) & 0x3f));
  }
  return made;
}

std::vector<FriBidiLevel> levels_of(const std::u32string& text) {
  const auto* characters = reinterpret_cast<const FriBidiChar*>(text.data());
  const auto count = FriBidiStrIndex(text.size());
  std::vector<FriBidiCharType> types(text.size());
  std::vector<FriBidiBracketType> brackets(text.size());
  std::vector<FriBidiLevel> levels(text.size());
  fribidi_get_bidi_types(characters, count, types.data());
  fribidi_get_bracket_types(characters, count, types.data(), brackets.data());
  FriBidiParType direction = FRIBIDI_PAR_ON;  // of the first letter that has one
  FOVEA_CHECK(fribidi_get_par_embedding_levels_ex(types.data(), brackets.data(), count, &direction,
                                                  levels.data()) != 0,
              "text: FriBidi has no memory for ", text.size(), " characters");
  return levels;
}

// Of each character; what belongs to no script, such as a full stop, goes with the letter before it or, at
// the start, with the first one.
std::vector<hb_script_t> scripts_of(const std::u32string& text) {
  std::vector<hb_script_t> scripts;
  for (const char32_t character : text) {
    const hb_script_t own = hb_unicode_script(hb_unicode_funcs_get_default(), character);
    const bool none = own == HB_SCRIPT_COMMON || own == HB_SCRIPT_INHERITED || own == HB_SCRIPT_UNKNOWN;
    scripts.push_back(!none ? own : scripts.empty() ? HB_SCRIPT_COMMON : scripts.back());
  }
  for (size_t i = scripts.size(); i-- > 1;)
    if (scripts[i - 1] == HB_SCRIPT_COMMON) scripts[i - 1] = scripts[i];
  return scripts;
}

bool is_ignorable(char32_t character) {  // joiners, marks of direction, variation selectors
  return (character >= 0x200b && character <= 0x200f) || (character >= 0x202a && character <= 0x202e) ||
         (character >= 0x2060 && character <= 0x206f) || (character >= 0xfe00 && character <= 0xfe0f);
}

// L2 of Unicode's bidirectional algorithm: runs from logical to visual order.
void reorder(std::vector<Run>& runs) {
  FriBidiLevel highest = 0;
  for (const Run& run : runs) highest = std::max(highest, run.level);
  for (FriBidiLevel level = highest; level > 0; --level)
    for (auto at = runs.begin(); at != runs.end();) {
      const auto begin = std::find_if(at, runs.end(), [&](const Run& run) { return run.level >= level; });
      at = std::find_if(begin, runs.end(), [&](const Run& run) { return run.level < level; });
      std::reverse(begin, at);
    }
}

}  // namespace

struct Typesetter::Impl {
  explicit Impl(const std::string& file) : fonts(file) {}

  Fonts fonts;

  // Adds a run of one script and direction as parts of one font each: all of it if a font has all of it,
  // else the font of the character before as long as it has the next ones too.
  void add_runs(std::vector<Run>& runs, const std::u32string& text, const Run& run) const;
  std::vector<Run> runs_of(const std::u32string& text) const;
  void shape(const std::u32string& text, const Run& run, double size, Text& made) const;
};

void Typesetter::Impl::add_runs(std::vector<Run>& runs, const std::u32string& text, const Run& run) const {
  std::vector<char32_t> needed;
  for (size_t i = 0; i < run.count; ++i)
    if (!is_ignorable(text[run.first + i])) needed.push_back(text[run.first + i]);
  if (const auto all = fonts.find(needed)) {
    runs.push_back({run.first, run.count, run.level, run.script, *all});
    return;
  }
  for (size_t i = run.first; i < run.first + run.count; ++i) {
    const std::span<const char32_t> one(&text[i], 1);
    const bool begins = i == run.first;
    const bool stays = !begins && (is_ignorable(text[i]) || fonts.font(runs.back().font).has(text[i]));
    const size_t font = stays ? runs.back().font : fonts.find(one).value_or(0);
    if (!begins && font == runs.back().font)
      ++runs.back().count;
    else
      runs.push_back({i, 1, run.level, run.script, font});
  }
}

std::vector<Run> Typesetter::Impl::runs_of(const std::u32string& text) const {
  const std::vector<FriBidiLevel> levels = levels_of(text);
  const std::vector<hb_script_t> scripts = scripts_of(text);
  std::vector<Run> runs;
  for (size_t first = 0, end; first < text.size(); first = end) {
    for (end = first; end < text.size() && levels[end] == levels[first] && scripts[end] == scripts[first];)
      ++end;
    add_runs(runs, text, {first, end - first, levels[first], scripts[first], 0});
  }
  reorder(runs);
  return runs;
}

void Typesetter::Impl::shape(const std::u32string& text, const Run& run, double size, Text& made) const {
  const Font& font = fonts.font(run.font);
  const std::unique_ptr<hb_buffer_t, Freed<hb_buffer_destroy>> buffer(hb_buffer_create());
  // The whole text, so that letters join across runs.
  hb_buffer_add_utf32(buffer.get(), reinterpret_cast<const uint32_t*>(text.data()), int(text.size()),
                      unsigned(run.first), int(run.count));
  hb_buffer_set_script(buffer.get(), run.script);
  hb_buffer_set_direction(buffer.get(), run.level % 2 == 1 ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
  hb_buffer_set_language(buffer.get(), hb_language_from_string("und", -1));
  hb_shape(font.shaper(), buffer.get(), nullptr, 0);
  unsigned count = 0;
  const hb_glyph_info_t* infos = hb_buffer_get_glyph_infos(buffer.get(), &count);
  const hb_glyph_position_t* positions = hb_buffer_get_glyph_positions(buffer.get(), &count);
  const double scale = size / Font::kUnits;
  for (unsigned i = 0; i < count; ++i) {
    const Transform place{.xx = size,
                          .yy = size,
                          .dx = made.width + positions[i].x_offset * scale,
                          .dy = -positions[i].y_offset * scale};
    made.glyphs.push_back({uint32_t(run.font), infos[i].codepoint, infos[i].cluster, place.dx});
    const Path outline = font.outline(infos[i].codepoint).transformed(place);
    made.outline.segments.insert(made.outline.segments.end(), outline.segments.begin(),
                                 outline.segments.end());
    made.width += positions[i].x_advance * scale;
  }
  made.ascent = std::max(made.ascent, font.ascent() * size);
  made.descent = std::max(made.descent, font.descent() * size);
}

Typesetter::Typesetter(const std::string& font) : impl_(std::make_unique<Impl>(font)) {}
Typesetter::~Typesetter() = default;

Text Typesetter::set(std::string_view text, double size) const {
  const std::u32string characters = characters_of(text);
  Text made{.source = utf8_of(characters)};
  if (!characters.empty())
    for (const Run& run : impl_->runs_of(characters)) impl_->shape(characters, run, size, made);
  made.box = {0, -made.ascent, made.width, made.descent};
  for (const Path::Segment& each : made.outline.segments)
    for (size_t i = 0; i < Path::count(each.kind); ++i) {
      const Point& point = each.points[i];
      made.box = made.box.united({point.x, point.y, point.x, point.y});
    }
  return made;
}

}  // namespace fovea
