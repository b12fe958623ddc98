// Fonts of the system and of a file, opened when they are needed.
#pragma once

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include <hb.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "viz/path.h"
#include FT_FREETYPE_H

namespace fovea {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

// A scalable font, its glyphs measured at kUnits to the em.
class Font {
 public:
  static constexpr double kUnits = 1024 * 64;

  Font(FT_Library library, const std::string& file, int index);

  hb_font_t* shaper() const { return shaper_.get(); }
  bool has(char32_t character) const;
  double ascent() const;   // above the baseline, ems
  double descent() const;  // below it
  Path outline(uint32_t glyph) const;

 private:
  std::string file_;
  std::unique_ptr<FT_FaceRec_, Freed<FT_Done_Face>> face_;
  std::unique_ptr<hb_font_t, Freed<hb_font_destroy>> shaper_;
};

class Fonts {
 public:
  explicit Fonts(const std::string& file);

  const Font& font(size_t index) const;  // of size(); opens it
  size_t size() const { return places_.size(); }
  // The first font that has all of the characters; none: nothing.
  std::optional<size_t> find(std::span<const char32_t> characters) const;

 private:
  struct Place {
    std::string file;
    int index = 0;
    FcCharSet* characters = nullptr;  // held by its pattern in sorted_; null: the font itself is asked
    mutable std::unique_ptr<Font> opened;
  };
  std::unique_ptr<FT_LibraryRec_, Freed<FT_Done_FreeType>> library_;
  std::unique_ptr<FcConfig, Freed<FcConfigDestroy>> config_;
  std::unique_ptr<FcFontSet, Freed<FcFontSetDestroy>> sorted_;
  std::vector<Place> places_;
};

}  // namespace fovea
