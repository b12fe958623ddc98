#include "viz/canvas.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

constexpr double kTextPen = 1.35;  // pixels

double distance(const Point& p, const Point& a, const Point& b) {
  const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
  const double t = square > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// The pixels of `within` that [low, high] touches on one axis.
std::pair<int, int> pixels_of(double low, double high, int first, int end) {
  const double limit_low = first, limit_high = end;
  return {int(std::clamp(std::floor(low), limit_low, limit_high)),
          int(std::clamp(std::ceil(high), limit_low, limit_high))};
}

}  // namespace

Canvas::Canvas(int width, int height)
    : image_{width, height, std::vector<uint8_t>(size_t(width) * size_t(height) * 3, 255)},
      cover_(size_t(width) * size_t(height)) {}

void Canvas::fill(const Box& box, const Colour& colour) {
  for (int y = box.top; y < box.bottom; ++y)
    for (int x = box.left; x < box.right; ++x)
      std::ranges::copy(colour, &image_.rgb[(size_t(y) * size_t(image_.width) + size_t(x)) * 3]);
}

void Canvas::draw(std::span<const Line> lines, const Pen& pen, const Box& within) {
  const double reach = pen.width / 2 + 0.5;  // from the middle of a line to a pixel without any of it
  for (const Line& line : lines)
    for (size_t i = 0; i < line.size(); ++i) {
      if (i == 0 && line.size() > 1) continue;
      const Point &a = line[i > 0 ? i - 1 : 0], &b = line[i];
      const auto [top, bottom] =
          pixels_of(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach, within.top, within.bottom);
      const auto [left, right] =
          pixels_of(std::min(a.x, b.x) - reach, std::max(a.x, b.x) + reach, within.left, within.right);
      for (int y = top; y < bottom; ++y)
        for (int x = left; x < right; ++x) {
          float& cover = cover_[size_t(y) * size_t(image_.width) + size_t(x)];
          const double cut = reach - distance({x + 0.5, y + 0.5}, a, b);
          cover = std::max(cover, float(std::clamp(cut, 0.0, 1.0)));
        }
    }
  for (size_t pixel = 0; pixel < cover_.size(); ++pixel) {
    if (cover_[pixel] <= 0) continue;
    for (size_t c = 0; c < 3; ++c) {
      uint8_t& byte = image_.rgb[pixel * 3 + c];
      byte = uint8_t(std::lround(float(byte) + cover_[pixel] * (float(pen.colour[c]) - float(byte))));
    }
    cover_[pixel] = 0;
  }
}

void Canvas::text(std::string_view text, const Point& at, Align align, const Colour& colour) {
  const double share = align == Align::left ? 0 : align == Align::centre ? 0.5 : 1;
  std::vector<Line> lines = text_lines(text);
  for (Line& line : lines)
    for (Point& point : line) {
      point.x += at.x - share * text_width(text);
      point.y += at.y;
    }
  draw(lines, {colour, kTextPen}, all());
}

}  // namespace fovea
