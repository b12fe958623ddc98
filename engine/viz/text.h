// Text as outlines: shaped by HarfBuzz, in visual order by FriBidi, with fonts that fontconfig finds.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "viz/path.h"

namespace fovea {

struct Glyph {
  uint32_t font = 0;       // of the typesetter's
  uint32_t id = 0;         // in its font; 0: the font has none
  uint32_t character = 0;  // the code point of the text that it stands for, the first of several
  double x = 0;            // of its origin
};

// A line of text from the left end of its baseline, (0, 0).
struct Text {
  std::string source;  // UTF-8, as it is drawn
  double width = 0, ascent = 0, descent = 0;
  std::vector<Glyph> glyphs;  // from left to right
  Path outline;
  Rect box;  // holds line and outline
};

// Where scripts need fonts of their own, the text is parted into runs of one script and one direction each.
class Typesetter {
 public:
  // font: a file that comes before the system's fonts, or empty. Error: one that cannot be read; none at all.
  explicit Typesetter(const std::string& font = {});
  ~Typesetter();
  Typesetter(const Typesetter&) = delete;
  Typesetter& operator=(const Typesetter&) = delete;

  // size: of the font, in units. What is not UTF-8 becomes U+FFFD; a line feed and a tab are drawn as arrows.
  Text set(std::string_view text, double size) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
