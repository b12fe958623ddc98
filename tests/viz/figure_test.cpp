#include "fovea/figure.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "core/colormap.h"
#include "fovea/image.hpp"
#include "support/svg.h"
#include "support/temporary.h"
#include "support/values.h"

using namespace fovea;
using namespace fovea::test;

namespace {

struct Picture {
  std::vector<SvgElement> svg;
  Image image;  // of scale 2

  std::vector<double> view() const { return svg[0].numbers("viewBox"); }
  Colour at(double x, double y) const {  // places of the SVG
    const int px = int((x - view()[0]) * 2), py = int((y - view()[1]) * 2);
    const uint8_t* byte = &image.rgb[(size_t(py) * size_t(image.width) + size_t(px)) * 3];
    return {byte[0], byte[1], byte[2]};
  }
};

std::string colour_text(const Colour& colour) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", colour[0], colour[1], colour[2]);
  return text;
}

template <class Draw>
Picture drawn(const Draw& draw) {
  const TemporaryFolder folder;
  for (const char* name : {"a.svg", "b.svg", "a.png", "b.png"}) draw(folder.path() / name);
  CHECK(read_bytes(folder.path() / "a.svg") == read_bytes(folder.path() / "b.svg"));
  CHECK(read_bytes(folder.path() / "a.png") == read_bytes(folder.path() / "b.png"));
  return {read_svg(read_bytes(folder.path() / "a.svg")), load_image(folder.path() / "a.png")};
}

Picture heatmaps(const Matrices& matrices, FigureOptions options) {
  options.scale = 2;
  return drawn([&](const std::filesystem::path& path) { show_heatmaps(path, matrices, options); });
}

// Every text has ink in the image, where the SVG has it, and none of it comes near the edge.
void check_labels(const Picture& picture) {
  const std::vector<double> view = picture.view();
  REQUIRE(picture.image.width == int(2 * view[2]));
  REQUIRE(picture.image.height == int(2 * view[3]));
  for (const SvgElement& each : picture.svg) {
    if (!each.attributes.contains("aria-label")) continue;
    const SvgBox box = box_of(each);
    INFO(each.attributes.at("aria-label"));
    CHECK((box.left >= view[0] + 5 && box.right <= view[0] + view[2] - 5));
    CHECK((box.top >= view[1] + 5 && box.bottom <= view[1] + view[3] - 5));
    int ink = 0;
    for (double y = box.top; y < box.bottom; y += 0.5)
      for (double x = box.left; x < box.right; x += 0.5) ink += picture.at(x, y)[0] < 160;
    CHECK(ink > 0);
  }
  const Image& image = picture.image;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      if (x < 8 || y < 8 || x >= image.width - 8 || y >= image.height - 8)
        REQUIRE(image.rgb[(size_t(y) * size_t(image.width) + size_t(x)) * 3] == 255);
}

// Each cell is in the SVG, and its middle has that colour in the image.
void check_cells(const Picture& picture, const Matrices& m, Colormap map, double low, double high) {
  const std::vector<SvgElement> cells = with(picture.svg, "class", "cell");
  REQUIRE(cells.size() == m.values.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    const Colour colour = colour_of(map, (double(m.values[i]) - low) / (high - low));
    REQUIRE(cells[i].attributes.at("fill") == colour_text(colour));
    REQUIRE(picture.at(cells[i].number("x") + cells[i].number("width") / 2,
                       cells[i].number("y") + cells[i].number("height") / 2) == colour);
  }
}

}  // namespace

TEST_CASE("figure: cells have the colours of their values, in a grid of matrices on one scale") {
  const Matrices m{2, 3, 4, 5, random_values(2 * 3 * 4 * 5, 1, 0, 0.5f)};
  const double high = *std::max_element(m.values.begin(), m.values.end());
  for (const Colormap map : {Colormap::reds, Colormap::blues, Colormap::viridis, Colormap::greys}) {
    const Picture picture = heatmaps(
        m, {.xlabel = "Keys", .ylabel = "Queries", .titles = {"a", "b", "c"}, .width = 1, .colormap = map});
    check_cells(picture, m, map, 0, high);
    check_labels(picture);
    CHECK(with(picture.svg, "aria-label", "Keys").size() == 3);     // below the last row
    CHECK(with(picture.svg, "aria-label", "Queries").size() == 2);  // beside the first column
    CHECK(with(picture.svg, "aria-label", "b").size() == 1);
  }
  // Rows of matrices go down, columns to the right; 1 x 2.5 inches each.
  const auto cells = with(heatmaps(m, {.width = 1}).svg, "class", "cell");
  CHECK((cells[20].number("x") > cells[19].number("x") && cells[20].number("y") == cells[0].number("y")));
  CHECK((cells[60].number("y") > cells[19].number("y") && cells[60].number("x") == cells[0].number("x")));
  CHECK((cells[0].number("width") == 20 && cells[0].number("height") == 62.5));
}

TEST_CASE("figure: the colour bar shows the scale from its lower to its upper end") {
  Matrices m{.queries = 2, .keys = 2, .values = {-1, 0, 0.25f, 1}};
  const Picture picture = heatmaps(m, {.colormap = Colormap::viridis});
  check_cells(picture, m, Colormap::viridis, -1, 1);
  const SvgBox top = box_of(labelled(picture.svg, "1.0")), bottom = box_of(labelled(picture.svg, "-1.0"));
  const SvgElement bar = with(picture.svg, "width", "12").at(0);  // the whole, below its steps
  const double x = bar.number("x") + 6, first = bar.number("y"), last = first + bar.number("height");
  CHECK(picture.at(x, first + 0.3) == colour_of(Colormap::viridis, 1));
  CHECK(picture.at(x, last - 0.3) == colour_of(Colormap::viridis, 0));
  CHECK((top.left > x + 6 && top.top < first && top.bottom > first));
  CHECK((bottom.left > x + 6 && bottom.top < last && bottom.bottom > last));

  const Picture given = heatmaps(m, {.low = -1, .high = 3});
  check_cells(given, m, Colormap::reds, -1, 3);
  const Matrices zeros{.queries = 1, .keys = 3, .values = {0, 0, 0}};
  check_cells(heatmaps(zeros, {}), zeros, Colormap::reds, 0, 1);
}

TEST_CASE("figure: tokens of any script stand beside their rows and columns, long ones turned") {
  const std::vector<std::string> words{"السَّلامُ", "नमस्ते", "私は天才です。", "</s>", "a & \"b\""};
  const Matrices m{.queries = 5, .keys = 5, .values = random_values(25, 2, 0, 1)};
  for (const double width : {5.0, 1.5, 0.5}) {  // level, turned, upright
    const Picture picture = heatmaps(
        m, {.xlabel = "source", .ylabel = "target", .xticks = words, .yticks = words, .width = width});
    check_labels(picture);
    const auto cells = with(picture.svg, "class", "cell");
    const double left = cells[0].number("x"), below = cells[24].number("y") + cells[24].number("height");
    for (size_t i = 0; i < words.size(); ++i) {
      const std::vector<SvgElement> both = with(picture.svg, "aria-label", words[i]);
      const bool sparse = width < 1;  // too narrow for all of them
      REQUIRE(both.size() >= (sparse ? 1 : 2));
      const SvgBox x = box_of(both[0]), y = box_of(both.back());
      CHECK(y.right < left);
      const double middle = cells[i * 5].number("y") + cells[i * 5].number("height") / 2;
      CHECK((y.top < middle && y.bottom > middle));
      if (both.size() < 2) continue;
      CHECK(x.top > below);
      const double column = cells[i].number("x") + cells[i].number("width") / 2;
      CHECK((x.left < column + 2 && x.right > column - 4));
    }
    const SvgBox japanese = box_of(with(picture.svg, "aria-label", words[2])[0]);
    if (width == 5) CHECK(japanese.right - japanese.left > 4 * (japanese.bottom - japanese.top));
    if (width == 1.5) CHECK(std::abs(japanese.right - japanese.left - japanese.bottom + japanese.top) < 20);
    if (width == 0.5) CHECK(japanese.bottom - japanese.top > 4 * (japanese.right - japanese.left));
  }
}

TEST_CASE("figure: many rows and columns are counted by round numbers, and small cells fill their place") {
  const Matrices m{.queries = 300, .keys = 700, .values = random_values(300 * 700, 3, 0, 1)};
  const TemporaryFolder folder;
  show_heatmaps(folder.path() / "many.png", m, {.width = 2});
  show_heatmaps(folder.path() / "many.svg", m, {.width = 2});
  const auto svg = read_svg(read_bytes(folder.path() / "many.svg"));
  CHECK(with(svg, "class", "cell").size() == 300 * 700);
  labelled(svg, "500");
  CHECK(with(svg, "aria-label", "137").empty());
}

TEST_CASE("figure: heatmaps reject what does not fit") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "a.png";
  const Matrices m{1, 2, 1, 2, {0, 1, 2, 3}};
  const auto rejects = [&](const Matrices& matrices, const FigureOptions& options,
                           const std::vector<std::string>& parts) {
    check_rejects([&] { show_heatmaps(path, matrices, options); }, parts);
  };
  rejects({1, 2, 1, 2, {0, 1}}, {}, {"show_heatmaps", "(1, 2, 1, 2)", "4 values", "2"});
  rejects({1, 1, 0, 2, {}}, {}, {"show_heatmaps", "(1, 1, 0, 2)"});
  rejects({65536, 65536, 65536, 65536, {}}, {}, {"show_heatmaps", "(65536, 65536, 65536, 65536)", "0"});
  rejects({32768, 65536, 65536, 65536, {1}}, {}, {"show_heatmaps", "(32768, 65536, 65536, 65536)", "1"});
  rejects({1, 1, 1, 2, {0, NAN}}, {}, {"show_heatmaps", "value 1", "nan"});
  rejects(m, {.titles = {"a", "b", "c"}}, {"show_heatmaps", "3 titles", "1 x 2"});
  rejects(m, {.xticks = {"a"}}, {"show_heatmaps", "1 xticks", "2 keys"});
  rejects(m, {.yticks = {"a", "b"}}, {"show_heatmaps", "2 yticks", "1 queries"});
  rejects(m, {.high = 2.0}, {"show_heatmaps", "0 to 3", "0 to 2"});
  rejects(m, {.low = -INFINITY}, {"show_heatmaps", "-inf to 3"});
  rejects(m, {.low = -1e308, .high = 1e308}, {"show_heatmaps", "-1e+308 to 1e+308"});
  rejects({1, 1, 1, 1, {0}}, {.high = 5e-324}, {"show_heatmaps", "0 to 4.94"});
  rejects(m, {.width = 0}, {"show_heatmaps", "width", "0"});
  rejects(m, {.width = 900}, {"picture", "pixels"});
  rejects(m, {.font = "no-such-font"}, {"no-such-font"});
  check_rejects([&] { show_heatmaps("a.gif", m); }, {"show_heatmaps", "a.gif", ".png", ".svg"});
  check_rejects([&] { show_heatmaps(folder.path() / "no" / "a.png", m); }, {"no"});
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("figure: scales of any size and any narrowness end") {
  const auto scaled = [](float value, const FigureOptions& options) {
    const Matrices m{.queries = 1, .keys = 1, .values = {value}};
    check_cells(heatmaps(m, options), m, Colormap::reds, options.low.value_or(std::min(0.0, double(value))),
                *options.high);
  };
  const double large = double(1e18f);
  scaled(1e18f, {.low = large - 128, .high = large});
  scaled(-1e18f, {.low = -large, .high = -large + 128});
  scaled(3e38f, {.high = 1e99});
  scaled(0, {.high = 1e-99});
  for (const float value : {-1e18f, -3e38f, 3e38f, 1e-45f}) {  // all the same: a scale that holds it
    const Matrices same{.queries = 1, .keys = 2, .values = {value, value}};
    CHECK(with(heatmaps(same, {}).svg, "class", "cell").size() == 2);
  }
}

TEST_CASE("figure: a plot goes through its points, with gaps where they are not finite") {
  const double kNaN = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Series> series{{"line & dots", {0, 1, 2, 3, 4}, {0, 10, kNaN, 30, 40}},
                                   {"損失", {0, 4}, {40, 0}, true}};
  const Picture picture = drawn([&](const std::filesystem::path& path) {
    show_plot(path, series, {.title = "عنوان", .xlabel = "steps", .ylabel = "loss", .scale = 2});
  });
  check_labels(picture);
  for (const char* text : {"line & dots", "損失", "عنوان", "steps", "loss"}) labelled(picture.svg, text);
  const auto lines = with(picture.svg, "fill", "none");
  REQUIRE(lines.size() == 6);  // two pieces of line, two dots, two of the legend
  const SvgBox first = box_of(lines[0]), second = box_of(lines[1]), upper = box_of(lines[2]);
  CHECK(std::abs((second.left - first.left) / (second.right - first.left) - 0.75) < 0.01);
  CHECK(std::abs(upper.top - second.top) < 0.6);
  CHECK(std::abs((first.bottom - second.top) - 349) < 1.5);  // 3.5 inches
  CHECK(picture.at(first.left + 10, first.bottom - 7) != Colour{255, 255, 255});
}

TEST_CASE("figure: numbers beyond every axis are gaps, all others are drawn") {
  const auto dots = [](const std::vector<double>& y, bool log) {
    const std::vector<double> x(y.size(), 1);
    const Picture picture = drawn([&](const std::filesystem::path& path) {
      show_plot(path, std::vector<Series>{{"", x, y, true}}, {.log_y = log});
    });
    return with(picture.svg, "fill", "none").size();
  };
  CHECK(dots({-1e308, 1e308}, false) == 0);
  CHECK(dots({-1e308, 2, 1e101}, false) == 1);
  CHECK(dots({-1e99, 1e99}, false) == 2);
  CHECK(dots({5e-324, 1e-310}, false) == 2);
  CHECK(dots({-1e-200, 1e-200}, false) == 2);
  CHECK(dots({1e18, 1e18 + 128}, false) == 2);
  CHECK(dots({1e-310, 1e-99, 1e99, 1e308}, true) == 2);
}

TEST_CASE("figure: equal factors are equal distances on a logarithmic axis") {
  const TemporaryFolder folder;
  const std::vector<Series> series{{"", {16, 64, 256, 4096}, {1e-3, 1e0, 1e3, 1e9}}};
  show_plot(folder.path() / "a.svg", series, {.log_x = true, .log_y = true});
  const auto svg = read_svg(read_bytes(folder.path() / "a.svg"));
  const auto points = with(svg, "fill", "none")[0].numbers("points");
  REQUIRE(points.size() == 8);
  CHECK(std::abs((points[4] - points[2]) - (points[2] - points[0])) < 0.02);
  CHECK(std::abs((points[6] - points[4]) - 2 * (points[2] - points[0])) < 0.02);
  CHECK(std::abs((points[7] - points[5]) - 2 * (points[3] - points[1])) < 0.02);
  labelled(svg, "10⁹");
  show_plot(folder.path() / "b.svg", std::vector<Series>{{"", {1, 2}, {0.3, 0.7}}}, {.log_y = true});
  labelled(read_svg(read_bytes(folder.path() / "b.svg")), "0.4");
}

TEST_CASE("figure: images stand in rows and columns with their names") {
  const auto flat = [](int width, int height, uint8_t red) {
    Image image{width, height, std::vector<uint8_t>(size_t(width * height * 3), 0)};
    for (size_t i = 0; i < image.rgb.size(); i += 3) image.rgb[i] = red;
    return image;
  };
  ImageSheet sheet{2, 3, {}};
  for (int i = 0; i < 6; ++i) sheet.images.push_back(flat(4, i == 5 ? 2 : 4, uint8_t(100 + 20 * i)));
  const SheetOptions options{
      .titles = {"cat", "a very long name of a class", "犬"}, .names = {"picture", "stage 1"}, .scale = 2};
  const Picture picture =
      drawn([&](const std::filesystem::path& path) { show_images(path, sheet, options); });
  check_labels(picture);
  const auto cells = with(picture.svg, "class", "cell");
  REQUIRE(cells.size() == 5 * 16 + 8);
  const auto first = [&](size_t image) { return cells[image * 16]; };
  for (size_t i = 0; i < 6; ++i) {
    CHECK(picture.at(first(i).number("x") + 2, first(i).number("y") + 2)[0] == 100 + 20 * i);
    CHECK(first(i).number("x") == first(i % 3).number("x"));
    CHECK(first(i).number("y") == first(i / 3 * 3).number("y"));
  }
  CHECK(first(4).number("x") - first(3).number("x") > 100);
  for (size_t column = 0; column < 3; ++column) {
    const SvgBox title = box_of(labelled(picture.svg, options.titles[column]));
    CHECK(title.bottom < first(column).number("y"));
    CHECK(std::abs((title.left + title.right) / 2 - first(column).number("x") - 50) < 6);
  }
  for (size_t row = 0; row < 2; ++row) {
    const SvgBox name = box_of(labelled(picture.svg, options.names[row]));
    CHECK(name.right < first(3 * row).number("x"));
    CHECK(std::abs((name.top + name.bottom) / 2 - first(3 * row).number("y") - 50) < 8);
  }
}

TEST_CASE("figure: sheets of images reject what does not fit") {
  const Image image{1, 1, {0, 0, 0}};
  const auto rejects = [&](const ImageSheet& sheet, const SheetOptions& options,
                           const std::vector<std::string>& parts) {
    check_rejects([&] { show_images("a.png", sheet, options); }, parts);
  };
  rejects({0, 1, {}}, {}, {"show_images", "0 x 1"});
  rejects({2, 1, {image}}, {}, {"show_images", "1 images for 2 x 1"});
  rejects({INT64_MAX, INT64_MAX, {image}}, {}, {"show_images", "1 images"});
  rejects({1, 1, {{1, 2, {0, 0, 0}}}}, {}, {"show_images", "1 x 2 pixels", "3"});
  rejects({1, 1, {{0, 2, {}}}}, {}, {"show_images", "0 x 2"});
  rejects({1, 1, {image}}, {.titles = {"a", "b"}}, {"show_images", "2 titles for 1"});
  rejects({1, 1, {image}}, {.names = {"a", "b"}}, {"show_images", "2 names for 1"});
  rejects({1, 1, {image}}, {.side = 0}, {"show_images", "0"});
  check_rejects([&] { show_images("a.gif", {1, 1, {image}}); }, {"show_images", "a.gif"});
}

TEST_CASE("figure: plots reject what does not fit") {
  const auto rejects = [&](const std::vector<Series>& series, const PlotOptions& options,
                           const std::vector<std::string>& parts) {
    check_rejects([&] { show_plot("a.png", series, options); }, parts);
  };
  rejects({}, {}, {"show_plot", "0 series"});
  rejects({{"", {1, 2}, {1}}}, {}, {"show_plot", "series 0", "2 x", "1 y"});
  rejects({{"", {0, 2}, {1, 1}}}, {.log_x = true}, {"show_plot", "x 0", "0"});
  rejects({{"", {1, 2}, {1, -3}}}, {.log_y = true}, {"show_plot", "y 1", "-3"});
  check_rejects([] { show_plot("a.jpg", std::vector<Series>{{"", {1}, {1}}}); }, {"show_plot", "a.jpg"});
}
