// What a picture shows, as data: it becomes pixels or SVG.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fovea/image.hpp"
#include "viz/text.h"

namespace fovea {

constexpr Colour kInk{60, 60, 60};

enum class Align : uint8_t { left, centre, right };

// Where a line of text stands.
struct TextPlace {
  Point at;                   // of its baseline: the left end, the middle or the right end
  Align align = Align::left;  // which of these
  double angle = 0;           // degrees to the left: 90 reads upwards
  Colour colour = kInk;
};

class Scene {
 public:
  struct Fill {
    Rect rect;
    Colour colour;
  };
  struct Cells {  // of a matrix; their edges lie on whole pixels
    Rect rect;
    int64_t rows, columns;
    std::vector<Colour> colours;  // (rows, columns)
  };
  struct Lines {
    std::vector<Line> lines;
    Pen pen;
    Rect within;
  };
  struct Label {
    std::string source;
    Path outline;
    Colour colour;
  };
  using Item = std::variant<Fill, Cells, Lines, Label>;

  void fill(const Rect& rect, const Colour& colour);
  void cells(Cells cells);
  // All lines at once, only within the rectangle. Lines of one point are dots.
  void draw(std::vector<Line> lines, const Pen& pen, const Rect& within);
  // Returns the upright rectangle that holds the text; an empty one is not drawn.
  Rect text(const Text& text, const TextPlace& place);

  const std::vector<Item>& items() const { return items_; }
  const Rect& bounds() const { return bounds_; }  // of all items
  Rect area(double margin) const;                 // these and a margin around them, on whole units

 private:
  void add(Item item, const Rect& rect);

  std::vector<Item> items_;
  Rect bounds_;
};

// The rectangle that Scene::text gives.
Rect place_of(const Text& text, const TextPlace& place);

// area of the scene; pixels of an image: scale to a unit.
Image to_image(const Scene& scene, const Rect& area, double scale);
std::string to_svg(const Scene& scene, const Rect& area);

// Error, beginning with `op`: a width, height or scale that no picture has.
void check_picture_sizes(std::string_view op, std::initializer_list<double> sizes);

// By the ending of the path, .png or .svg, written whole or not at all. Error, beginning with `op`: another
// ending.
void check_picture_path(std::string_view op, const std::filesystem::path& path);
void write_picture(const std::filesystem::path& path, const Scene& scene, const Rect& area, double scale);

}  // namespace fovea
