#include "viz/canvas.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

constexpr int kSlices = 16;  // of a pixel's height, in which outlines are cut
constexpr int kPieces = 8;   // straight ones of a curve

double distance(const Point& p, const Point& a, const Point& b) {
  const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
  const double t = square > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// Of the pixels first .. end - 1, if there are any, those that [low, high] touches on one axis.
std::pair<int, int> pixels_of(double low, double high, int first, int end) {
  if (first >= end) return {first, first};
  const double limit_low = first, limit_high = end;
  return {int(std::clamp(std::floor(low), limit_low, limit_high)),
          int(std::clamp(std::ceil(high), limit_low, limit_high))};
}

// A side of an outline from its upper to its lower end.
struct Edge {
  Point upper, lower;
  int winding;  // 1: it was drawn downwards, -1: upwards
};

void add_edge(std::vector<Edge>& edges, const Point& a, const Point& b) {
  if (a.y < b.y) edges.push_back({a, b, 1});
  if (a.y > b.y) edges.push_back({b, a, -1});
}

// A Bezier curve's point; the first of `points` is where it begins.
Point curve_at(std::array<Point, 4> points, size_t count, double t) {
  for (; count > 1; --count)
    for (size_t i = 0; i + 1 < count; ++i)
      points[i] = {points[i].x + t * (points[i + 1].x - points[i].x),
                   points[i].y + t * (points[i + 1].y - points[i].y)};
  return points[0];
}

std::vector<Edge> edges_of(const Path& path) {
  std::vector<Edge> edges;
  Point start, at;
  for (const Path::Segment& each : path.segments) {
    const size_t count = Path::count(each.kind);
    const Point end = each.points[count - 1];
    if (each.kind == Path::Kind::move) {
      add_edge(edges, at, start);
      start = end;
    } else {
      const std::array<Point, 4> points{at, each.points[0], each.points[1], each.points[2]};
      Point from = at;
      for (int i = 1; i <= (count > 1 ? kPieces : 1); ++i) {
        const Point to = count > 1 ? curve_at(points, count + 1, double(i) / kPieces) : end;
        add_edge(edges, from, to);
        from = to;
      }
    }
    at = end;
  }
  add_edge(edges, at, start);
  return edges;
}

// Adds `share` of what [left, right) covers of each pixel of a row.
void add_span(std::vector<float>& row, double left, double right, double share) {
  left = std::clamp(left, 0.0, double(row.size()));
  right = std::clamp(right, 0.0, double(row.size()));
  for (size_t x = size_t(left); double(x) < right; ++x)
    row[x] += float(share * (std::min(right, double(x) + 1) - std::max(left, double(x))));
}

// Where the edges cross a height, and what is inside between them.
void add_slice(std::vector<float>& row, const std::vector<Edge>& edges, double y) {
  std::vector<std::pair<double, int>> crossings;  // x, winding
  for (const Edge& each : edges) {
    if (y < each.upper.y || y >= each.lower.y) continue;
    const double t = (y - each.upper.y) / (each.lower.y - each.upper.y);
    crossings.emplace_back(each.upper.x + t * (each.lower.x - each.upper.x), each.winding);
  }
  std::ranges::sort(crossings);
  int winding = 0;
  for (size_t i = 0; i + 1 < crossings.size(); ++i) {
    winding += crossings[i].second;
    if (winding != 0) add_span(row, crossings[i].first, crossings[i + 1].first, 1.0 / kSlices);
  }
}

}  // namespace

Canvas::Canvas(int width, int height)
    : image_{width, height, std::vector<uint8_t>(size_t(width) * size_t(height) * 3, 255)},
      cover_(size_t(width) * size_t(height)) {}

void Canvas::fill(const Box& box, const Colour& colour) {
  for (int y = std::max(box.top, 0); y < std::min(box.bottom, image_.height); ++y)
    for (int x = std::max(box.left, 0); x < std::min(box.right, image_.width); ++x)
      std::ranges::copy(colour, &image_.rgb[(size_t(y) * size_t(image_.width) + size_t(x)) * 3]);
}

void Canvas::blend(size_t pixel, float cover, const Colour& colour) {
  for (size_t c = 0; c < 3; ++c) {
    uint8_t& byte = image_.rgb[pixel * 3 + c];
    byte = uint8_t(std::lround(float(byte) + std::min(cover, 1.0f) * (float(colour[c]) - float(byte))));
  }
}

void Canvas::draw(std::span<const Line> lines, const Pen& pen, const Box& given) {
  const Box within{std::max(given.left, 0), std::max(given.top, 0), std::min(given.right, image_.width),
                   std::min(given.bottom, image_.height)};
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
    blend(pixel, cover_[pixel], pen.colour);
    cover_[pixel] = 0;
  }
}

void Canvas::fill(const Path& path, const Colour& colour) {
  const std::vector<Edge> edges = edges_of(path);
  if (edges.empty()) return;
  double upper = edges[0].upper.y, lower = edges[0].lower.y;
  for (const Edge& each : edges) {
    upper = std::min(upper, each.upper.y);
    lower = std::max(lower, each.lower.y);
  }
  const auto [top, bottom] = pixels_of(upper, lower, 0, image_.height);
  std::vector<float> row(static_cast<size_t>(image_.width));
  for (int y = top; y < bottom; ++y) {
    std::ranges::fill(row, 0.0f);
    for (int slice = 0; slice < kSlices; ++slice) add_slice(row, edges, y + (slice + 0.5) / kSlices);
    for (size_t x = 0; x < row.size(); ++x)
      if (row[x] > 0) blend(size_t(y) * row.size() + x, row[x], colour);
  }
}

}  // namespace fovea
