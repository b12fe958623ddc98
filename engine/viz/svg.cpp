// A scene as SVG. Text becomes outlines: they look the same wherever the file goes, with or without its
// fonts; what they say stands beside them as labels.
#include <fmt/format.h>

#include <cmath>

#include "viz/scene.h"

namespace fovea {
namespace {

std::string number(double value) {  // hundredths of a unit are enough
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string colour_text(const Colour& colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
}

std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '<' || c == '>' || c == '&' || c == '"')
      made += fmt::format("&#{};", int(c));
    else
      made += c;
  }
  return made;
}

std::string rect_text(const Rect& rect) {
  return fmt::format(R"(x="{}" y="{}" width="{}" height="{}")", number(rect.left), number(rect.top),
                     number(rect.width()), number(rect.height()));
}

std::string path_text(const Path& path) {
  std::string made;
  for (const Path::Segment& each : path.segments) {
    if (each.kind == Path::Kind::move && !made.empty()) made += 'Z';
    made += each.kind == Path::Kind::move    ? 'M'
            : each.kind == Path::Kind::line  ? 'L'
            : each.kind == Path::Kind::cubic ? 'C'
                                             : 'Q';
    for (size_t i = 0; i < Path::count(each.kind); ++i)
      made += fmt::format("{}{} {}", i > 0 ? " " : "", number(each.points[i].x), number(each.points[i].y));
  }
  return made.empty() ? made : made + 'Z';
}

struct Writer {
  std::string out;
  int clips = 0;

  void operator()(const Scene::Fill& item) {
    out += fmt::format("<rect {} fill=\"{}\"/>\n", rect_text(item.rect), colour_text(item.colour));
  }

  void operator()(const Scene::Cells& item) {
    out += "<g shape-rendering=\"crispEdges\">\n";
    const double width = item.rect.width() / double(item.columns),
                 height = item.rect.height() / double(item.rows);
    for (int64_t row = 0; row < item.rows; ++row)
      for (int64_t column = 0; column < item.columns; ++column) {
        const double left = item.rect.left + double(column) * width,
                     top = item.rect.top + double(row) * height;
        out += fmt::format("<rect class=\"cell\" {} fill=\"{}\"/>\n",
                           rect_text({left, top, left + width, top + height}),
                           colour_text(item.colours[size_t(row * item.columns + column)]));
      }
    out += "</g>\n";
  }

  void operator()(const Scene::Lines& item) {
    const int clip = ++clips;
    out += fmt::format("<clipPath id=\"clip{}\"><rect {}/></clipPath>\n<g clip-path=\"url(#clip{})\">\n",
                       clip, rect_text(item.within), clip);
    for (const Line& line : item.lines) {
      out += "<polyline points=\"";
      for (const Point& point : line) out += fmt::format("{},{} ", number(point.x), number(point.y));
      if (line.size() == 1) out += fmt::format("{},{}", number(line[0].x), number(line[0].y));
      out += fmt::format(
          "\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linecap=\"round\" "
          "stroke-linejoin=\"round\"/>\n",
          colour_text(item.pen.colour), number(item.pen.width));
    }
    out += "</g>\n";
  }

  void operator()(const Scene::Label& item) {
    out += fmt::format("<path role=\"img\" aria-label=\"{}\" fill=\"{}\" d=\"{}\"/>\n", escaped(item.source),
                       colour_text(item.colour), path_text(item.outline));
  }
};

}  // namespace

std::string to_svg(const Scene& scene, const Rect& area) {
  Writer writer;
  writer.out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}in\" height=\"{}in\" viewBox=\"{} {} {} {}\">\n",
      number(area.width() / 100), number(area.height() / 100), number(area.left), number(area.top),
      number(area.width()), number(area.height()));
  writer({area, {255, 255, 255}});
  for (const Scene::Item& item : scene.items()) std::visit(writer, item);
  return writer.out + "</svg>\n";
}

}  // namespace fovea
