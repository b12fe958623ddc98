#include "viz/fonts.h"

#include <hb-ft.h>

#include "core/check.h"
#include FT_OUTLINE_H

namespace fovea {
namespace {

FT_LibraryRec_* open_freetype() {
  FT_Library library = nullptr;
  FOVEA_CHECK(FT_Init_FreeType(&library) == 0, "text: FreeType does not start");
  return library;
}

// The system's fonts without serifs, best first; those that add no character are left out.
FcFontSet* sorted_fonts(FcConfig* config) {
  const std::unique_ptr<FcPattern, Freed<FcPatternDestroy>> pattern(FcPatternCreate());
  FcPatternAddString(pattern.get(), FC_FAMILY, reinterpret_cast<const FcChar8*>("sans-serif"));
  FcPatternAddBool(pattern.get(), FC_OUTLINE, FcTrue);
  FcConfigSubstitute(config, pattern.get(), FcMatchPattern);
  FcDefaultSubstitute(pattern.get());
  FcResult result = FcResultMatch;
  return FcFontSort(config, pattern.get(), FcTrue, nullptr, &result);
}

// Pixels instead of outlines, or colours of their own, cannot be drawn as text.
bool is_drawable(FcPattern* pattern) {
  FcBool outline = FcFalse, colour = FcFalse;
  FcPatternGetBool(pattern, FC_OUTLINE, 0, &outline);
  FcPatternGetBool(pattern, FC_COLOR, 0, &colour);
  return outline == FcTrue && colour == FcFalse;
}

// Collects an outline of FreeType, whose y goes up.
struct Collector {
  Path path;

  static int add(void* to, Path::Kind kind, std::initializer_list<const FT_Vector*> points) {
    Path::Segment segment{kind, {}};
    size_t i = 0;
    for (const FT_Vector* point : points)
      segment.points[i++] = {double(point->x) / Font::kUnits, -double(point->y) / Font::kUnits};
    static_cast<Collector*>(to)->path.segments.push_back(segment);
    return 0;
  }
  static int move(const FT_Vector* end, void* to) { return add(to, Path::Kind::move, {end}); }
  static int line(const FT_Vector* end, void* to) { return add(to, Path::Kind::line, {end}); }
  static int quadratic(const FT_Vector* control, const FT_Vector* end, void* to) {
    return add(to, Path::Kind::quadratic, {control, end});
  }
  static int cubic(const FT_Vector* first, const FT_Vector* second, const FT_Vector* end, void* to) {
    return add(to, Path::Kind::cubic, {first, second, end});
  }
};

}  // namespace

Font::Font(FT_Library library, const std::string& file, int index) : file_(file) {
  FT_Face face = nullptr;
  const FT_Error error = FT_New_Face(library, file.c_str(), index, &face);
  FOVEA_CHECK(error == 0, file, ": no font that FreeType reads (its error ", error, ")");
  face_.reset(face);
  FOVEA_CHECK(FT_IS_SCALABLE(face), file, ": a font of pixels, one of outlines is needed");
  FOVEA_CHECK(FT_Set_Char_Size(face, FT_F26Dot6(kUnits), 0, 72, 72) == 0, file, ": a font without a size");
  shaper_.reset(hb_ft_font_create(face, nullptr));
  hb_ft_font_set_load_flags(shaper_.get(), FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP);
}

bool Font::has(char32_t character) const { return FT_Get_Char_Index(face_.get(), character) != 0; }
double Font::ascent() const { return double(face_->size->metrics.ascender) / kUnits; }
double Font::descent() const { return -double(face_->size->metrics.descender) / kUnits; }

Path Font::outline(uint32_t glyph) const {
  const FT_Error error = FT_Load_Glyph(face_.get(), glyph, FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP);
  FOVEA_CHECK(error == 0, file_, ": glyph ", glyph, " cannot be read (FreeType's error ", error, ")");
  Collector made;
  if (face_->glyph->format != FT_GLYPH_FORMAT_OUTLINE) return {};
  const FT_Outline_Funcs functions{.move_to = Collector::move,
                                   .line_to = Collector::line,
                                   .conic_to = Collector::quadratic,
                                   .cubic_to = Collector::cubic,
                                   .shift = 0,
                                   .delta = 0};
  FT_Outline_Decompose(&face_->glyph->outline, &functions, &made);
  return std::move(made.path);
}

Fonts::Fonts(const std::string& file) : library_(open_freetype()), config_(FcInitLoadConfigAndFonts()) {
  if (!file.empty()) places_.push_back({file, 0, nullptr, std::make_unique<Font>(library_.get(), file, 0)});
  if (config_) sorted_.reset(sorted_fonts(config_.get()));
  for (int i = 0; sorted_ && i < sorted_->nfont; ++i) {
    FcPattern* pattern = sorted_->fonts[i];
    Place place;
    FcChar8* name = nullptr;
    if (!is_drawable(pattern) || FcPatternGetString(pattern, FC_FILE, 0, &name) != FcResultMatch) continue;
    FcPatternGetInteger(pattern, FC_INDEX, 0, &place.index);
    FcPatternGetCharSet(pattern, FC_CHARSET, 0, &place.characters);
    place.file = reinterpret_cast<const char*>(name);
    places_.push_back(std::move(place));
  }
  FOVEA_CHECK(!places_.empty(),
              "text: fontconfig knows no font with outlines on this system, and no file of "
              "one is given");
}

const Font& Fonts::font(size_t index) const {
  const Place& place = places_[index];
  if (!place.opened) place.opened = std::make_unique<Font>(library_.get(), place.file, place.index);
  return *place.opened;
}

std::optional<size_t> Fonts::find(std::span<const char32_t> characters) const {
  for (size_t i = 0; i < places_.size(); ++i)
    if (std::ranges::all_of(characters, [&](char32_t each) {
          return places_[i].characters ? FcCharSetHasChar(places_[i].characters, each) : font(i).has(each);
        }))
      return i;
  return std::nullopt;
}

}  // namespace fovea
