#include "viz/legend.h"

#include <cmath>

namespace fovea {
namespace {

constexpr double kPiece = 24, kGap = 8, kBetween = 26;  // units: of line, to its name, to the next piece
constexpr double kRow = 20;                             // from row to row

}  // namespace

void draw_legend(Scene& scene, const std::vector<LegendEntry>& entries, double left, double right,
                 double bottom) {
  std::vector<Point> starts;
  double x = left, y = 0;
  for (const LegendEntry& entry : entries) {
    const double width = kPiece + kGap + entry.name.width;
    if (x > left && x + width > right) {
      x = left;
      y += kRow;
    }
    starts.push_back({x, y});
    x += width + kBetween;
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    const LegendEntry& entry = entries[i];
    const double from = starts[i].x, middle = std::round(bottom - kRow / 2 - y + starts[i].y) + 0.5;
    const Rect room{from, middle - kRow / 2, from + kPiece, middle + kRow / 2};
    Line piece{{from + 2, middle}, {from + kPiece - 2, middle}};
    if (entry.dots) piece = {{from + kPiece / 2, middle}};
    scene.draw({piece}, entry.pen, room);
    const double half = (entry.name.ascent - entry.name.descent) / 2;
    scene.text(entry.name, {{from + kPiece + kGap, std::round(middle + half)}});
  }
}

}  // namespace fovea
