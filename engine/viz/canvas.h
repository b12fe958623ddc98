// A white image to draw on: boxes, smooth lines and filled outlines, in pixels.
#pragma once

#include <span>
#include <vector>

#include "fovea/image.hpp"
#include "viz/path.h"

namespace fovea {

// Pixels from left to right - 1, top to bottom - 1.
struct Box {
  int left = 0, top = 0, right = 0, bottom = 0;
};

class Canvas {
 public:
  Canvas(int width, int height);

  const Image& image() const { return image_; }

  void fill(const Box& box, const Colour& colour);
  // All lines at once: where they cross they are not darker. Only within the box. The middle of the first
  // pixel is (0.5, 0.5).
  void draw(std::span<const Line> lines, const Pen& pen, const Box& within);
  void fill(const Path& path, const Colour& colour);

 private:
  void blend(size_t pixel, float cover, const Colour& colour);

  Image image_;
  std::vector<float> cover_;  // (height, width), of the lines being drawn, 0 otherwise
};

}  // namespace fovea
