// A white image to draw on: smooth lines and text.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fovea/image.hpp"

namespace fovea {

using Colour = std::array<uint8_t, 3>;

struct Point {
  double x = 0, y = 0;  // pixels from the upper left corner; the middle of the first one is (0.5, 0.5)
};
using Line = std::vector<Point>;  // one point: a dot

// Pixels from left to right - 1, top to bottom - 1.
struct Box {
  int left = 0, top = 0, right = 0, bottom = 0;
};

struct Pen {
  Colour colour{};
  double width = 1;  // pixels
};

enum class Align { left, centre, right };

class Canvas {
 public:
  Canvas(int width, int height);

  const Image& image() const { return image_; }
  Box all() const { return {0, 0, image_.width, image_.height}; }

  void fill(const Box& box, const Colour& colour);
  // All lines at once: where they cross they are not darker. Only within the box.
  void draw(std::span<const Line> lines, const Pen& pen, const Box& within);
  // at: the left end, the middle or the right end of the baseline.
  void text(std::string_view text, const Point& at, Align align, const Colour& colour);

 private:
  Image image_;
  std::vector<float> cover_;  // (height, width), of the lines being drawn, 0 otherwise
};

double text_width(std::string_view text);  // pixels

// The strokes of a text from (0, 0), its baseline. Characters beyond ASCII are boxes.
std::vector<Line> text_lines(std::string_view text);

}  // namespace fovea
