// Points, boxes, lines and outlines of a picture. Units are hundredths of an inch, y goes down.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/colormap.h"

namespace fovea {

struct Point {
  double x = 0, y = 0;
};
using Line = std::vector<Point>;  // one point: a dot

struct Pen {
  Colour colour{};
  double width = 1;
};

struct Rect {
  double left = 0, top = 0, right = 0, bottom = 0;

  double width() const { return right - left; }
  double height() const { return bottom - top; }
  Rect grown(double by) const { return {left - by, top - by, right + by, bottom + by}; }
  Rect united(const Rect& other) const {
    return {std::min(left, other.left), std::min(top, other.top), std::max(right, other.right),
            std::max(bottom, other.bottom)};
  }
};

// x, y -> xx x + xy y + dx, yx x + yy y + dy
struct Transform {
  double xx = 1, xy = 0, yx = 0, yy = 1, dx = 0, dy = 0;

  Point operator()(const Point& p) const { return {xx * p.x + xy * p.y + dx, yx * p.x + yy * p.y + dy}; }
};

// Closed outlines: what is inside by the nonzero rule is filled.
struct Path {
  enum class Kind : uint8_t { move, line, quadratic, cubic };
  struct Segment {
    Kind kind;
    std::array<Point, 3> points;  // move and line: 1; quadratic: control and end; cubic: two controls and end
  };
  static size_t count(Kind kind) { return kind == Kind::cubic ? 3 : kind == Kind::quadratic ? 2 : 1; }

  std::vector<Segment> segments;

  Path transformed(const Transform& transform) const {
    Path made = *this;
    for (Segment& each : made.segments)
      for (Point& point : each.points) point = transform(point);
    return made;
  }
};

}  // namespace fovea
