#include "viz/scene.h"

#include <cmath>
#include <numbers>

#include "core/check.h"
#include "fovea/png.hpp"
#include "io/file.h"
#include "io/image.h"
#include "viz/canvas.h"

namespace fovea {
namespace {

Transform transform_of(const Text& text, const TextPlace& place) {
  const double share = place.align == Align::left ? 0 : place.align == Align::centre ? 0.5 : 1;
  const double angle = place.angle * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  const double back = share * text.width;  // along the baseline
  return {c, s, -s, c, place.at.x - c * back, place.at.y + s * back};
}

// From the scene's units to pixels.
struct Pixels {
  const Rect& area;
  double scale;

  Point at(const Point& p) const { return {(p.x - area.left) * scale, (p.y - area.top) * scale}; }
  // At least a pixel each way.
  Box box(const Rect& rect) const {
    const auto [left, top] = at({rect.left, rect.top});
    const auto [right, bottom] = at({rect.right, rect.bottom});
    Box made{int(std::lround(left)), int(std::lround(top)), int(std::lround(right)),
             int(std::lround(bottom))};
    made.right = std::max(made.right, made.left + 1);
    made.bottom = std::max(made.bottom, made.top + 1);
    return made;
  }
};

// The mean colour of the cells [top, bottom) x [left, right).
Colour mean_colour(const Scene::Cells& cells, int64_t top, int64_t bottom, int64_t left, int64_t right) {
  std::array<int64_t, 3> sum{};
  for (int64_t row = top; row < bottom; ++row)
    for (int64_t column = left; column < right; ++column)
      for (size_t c = 0; c < 3; ++c) sum[c] += cells.colours[size_t(row * cells.columns + column)][c];
  const int64_t count = (bottom - top) * (right - left);
  return {uint8_t(sum[0] / count), uint8_t(sum[1] / count), uint8_t(sum[2] / count)};
}

// Where more cells than pixels lie, a pixel shows the mean of its cells.
void draw_cells(Canvas& canvas, const Scene::Cells& cells, const Box& box) {
  const int64_t width = box.right - box.left, height = box.bottom - box.top;
  for (int64_t y = 0; y < height; ++y) {
    const int64_t top = y * cells.rows / height, bottom = std::max((y + 1) * cells.rows / height, top + 1);
    for (int64_t x = 0; x < width; ++x) {
      const int64_t left = x * cells.columns / width,
                    right = std::max((x + 1) * cells.columns / width, left + 1);
      const int px = box.left + int(x), py = box.top + int(y);
      canvas.fill({px, py, px + 1, py + 1}, mean_colour(cells, top, bottom, left, right));
    }
  }
}

void draw_lines(Canvas& canvas, const Scene::Lines& item, const Pixels& pixels) {
  std::vector<Line> lines = item.lines;
  for (Line& line : lines)
    for (Point& point : line) point = pixels.at(point);
  canvas.draw(lines, {item.pen.colour, item.pen.width * pixels.scale}, pixels.box(item.within));
}

}  // namespace

void Scene::add(Item item, const Rect& rect) {
  bounds_ = items_.empty() ? rect : bounds_.united(rect);
  items_.push_back(std::move(item));
}

Rect Scene::area(double margin) const {
  const Rect all = bounds_.grown(margin);
  return {std::floor(all.left), std::floor(all.top), std::ceil(all.right), std::ceil(all.bottom)};
}

void Scene::fill(const Rect& rect, const Colour& colour) { add(Fill{rect, colour}, rect); }

void Scene::cells(Cells cells) {
  const Rect rect = cells.rect;
  add(std::move(cells), rect);
}

void Scene::draw(std::vector<Line> lines, const Pen& pen, const Rect& within) {
  add(Lines{std::move(lines), pen, within}, within);
}

Rect Scene::text(const Text& text, const TextPlace& place) {
  const Rect rect = place_of(text, place);
  if (text.glyphs.empty()) return rect;
  add(Label{text.source, text.outline.transformed(transform_of(text, place)), place.colour}, rect);
  return rect;
}

Rect place_of(const Text& text, const TextPlace& place) {
  const Transform transform = transform_of(text, place);
  const Point first = transform({text.box.left, text.box.top});
  Rect rect{first.x, first.y, first.x, first.y};
  for (const Point& corner : {Point{text.box.right, text.box.top}, Point{text.box.left, text.box.bottom},
                              Point{text.box.right, text.box.bottom}}) {
    const Point p = transform(corner);
    rect = rect.united({p.x, p.y, p.x, p.y});
  }
  return rect;
}

Image to_image(const Scene& scene, const Rect& area, double scale) {
  const Pixels pixels{area, scale};
  const double width = std::ceil(area.width() * scale), height = std::ceil(area.height() * scale);
  check_image_size("picture", int64_t(std::min(width, 1e9)), int64_t(std::min(height, 1e9)));
  Canvas canvas{int(width), int(height)};
  for (const Scene::Item& item : scene.items()) {
    if (const auto* fill = std::get_if<Scene::Fill>(&item)) {
      canvas.fill(pixels.box(fill->rect), fill->colour);
    } else if (const auto* cells = std::get_if<Scene::Cells>(&item)) {
      draw_cells(canvas, *cells, pixels.box(cells->rect));
    } else if (const auto* lines = std::get_if<Scene::Lines>(&item)) {
      draw_lines(canvas, *lines, pixels);
    } else if (const auto* label = std::get_if<Scene::Label>(&item)) {
      const Transform to_pixels{.xx = scale, .yy = scale, .dx = -area.left * scale, .dy = -area.top * scale};
      canvas.fill(label->outline.transformed(to_pixels), label->colour);
    }
  }
  return canvas.image();
}

void check_picture_sizes(std::string_view op, std::initializer_list<double> sizes) {
  for (const double size : sizes)
    FOVEA_CHECK(size > 0 && size <= 1000, op, ": a width, height or scale of ", size,
                ", expected above 0 and at most 1000");
}

void check_picture_path(std::string_view op, const std::filesystem::path& path) {
  FOVEA_CHECK(path.extension() == ".png" || path.extension() == ".svg", op, ": ", path.string(),
              " ends neither with .png nor with .svg");
}

void write_picture(const std::filesystem::path& path, const Scene& scene, const Rect& area, double scale) {
  if (path.extension() == ".png") return write_png(path, to_image(scene, area, scale));
  const std::string text = to_svg(scene, area);
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace fovea
