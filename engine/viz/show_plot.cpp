#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "fovea/figure.hpp"
#include "viz/axis.h"
#include "viz/legend.h"

namespace fovea {
namespace {

constexpr double kLineWidth = 2, kDotWidth = 6, kRoom = 4;  // room: around the outermost points
// Told apart also by the colour-blind: blue, orange, green, red, purple, brown, teal, black.
constexpr Colour kColours[] = {{26, 94, 170},  {226, 120, 18}, {46, 148, 74},  {200, 38, 50},
                               {126, 80, 168}, {132, 88, 60},  {20, 150, 160}, {40, 40, 40}};

void check(std::span<const Series> series, const PlotOptions& options) {
  FOVEA_CHECK(!series.empty(), "show_plot: 0 series, at least 1 is needed");
  for (size_t i = 0; i < series.size(); ++i) {
    const Series& each = series[i];
    FOVEA_CHECK(each.x.size() == each.y.size(), "show_plot: series ", i, " has ", each.x.size(), " x and ",
                each.y.size(), " y");
    for (size_t k = 0; k < each.x.size(); ++k) {
      FOVEA_CHECK(!options.log_x || !(each.x[k] <= 0), "show_plot: x ", k, " of series ", i, " is ",
                  each.x[k], ", a logarithm needs more than 0");
      FOVEA_CHECK(!options.log_y || !(each.y[k] <= 0), "show_plot: y ", k, " of series ", i, " is ",
                  each.y[k], ", a logarithm needs more than 0");
    }
  }
  check_picture_sizes("show_plot", {options.width, options.height, options.scale});
}

// Whether an axis has a place for it.
bool has_place(double value, bool log) {
  return std::abs(value) < kLargestValue && (!log || value > 1 / kLargestValue);
}

bool is_point(const Series& series, size_t i, const PlotOptions& options) {
  return has_place(series.x[i], options.log_x) && has_place(series.y[i], options.log_y);
}

// x or y of the points that are drawn; 0 to 1, or 1 to 10 where there are none.
Axis axis_of(std::span<const Series> series, bool upright, const PlotOptions& options) {
  const auto values = upright ? &Series::y : &Series::x;
  const bool log = upright ? options.log_y : options.log_x;
  const double inches = upright ? options.height : options.width;
  double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
  for (const Series& each : series)
    for (size_t i = 0; i < each.x.size(); ++i) {
      if (!is_point(each, i, options)) continue;
      low = std::min(low, (each.*values)[i]);
      high = std::max(high, (each.*values)[i]);
    }
  if (low > high) return log ? log_axis(1, 10) : value_axis(0, 1, 5);
  return log ? log_axis(low, high) : value_axis(low, high, std::max(int(inches * 1.6), 2));
}

// Lines end where a point has no place.
std::vector<Line> lines_of(const Series& series, const Axis& x, const Axis& y, const PlotOptions& options) {
  std::vector<Line> lines;
  bool goes_on = false;
  for (size_t i = 0; i < series.x.size(); ++i) {
    const bool drawn = is_point(series, i, options);
    if (drawn && (!goes_on || series.points)) lines.emplace_back();
    if (drawn) lines.back().push_back({x.at(series.x[i]) + 0.5, y.at(series.y[i]) + 0.5});
    goes_on = drawn;
  }
  return lines;
}

Pen pen_of(std::span<const Series> series, size_t i) {
  return {kColours[i % std::size(kColours)], series[i].points ? kDotWidth : kLineWidth};
}

std::vector<LegendEntry> legend_of(const Typesetter& typesetter, std::span<const Series> series) {
  std::vector<LegendEntry> entries;
  for (size_t i = 0; i < series.size(); ++i)
    if (!series[i].name.empty())
      entries.push_back({typesetter.set(series[i].name, kTickSize), pen_of(series, i), series[i].points});
  return entries;
}

}  // namespace

void show_plot(const std::filesystem::path& path, std::span<const Series> series,
               const PlotOptions& options) {
  check_picture_path("show_plot", path);
  check(series, options);
  const Typesetter typesetter(options.font);
  const Rect plot{0, 0, std::round(100 * options.width), std::round(100 * options.height)};
  Axis x = axis_of(series, false, options), y = axis_of(series, true, options);
  x.first = plot.left, x.last = plot.right - 1;
  y.first = plot.bottom - 1, y.last = plot.top;

  Scene scene;
  Rect taken = draw_axis(scene, typesetter, x, plot, Side::below, kInk, &kGrid);
  taken = taken.united(draw_axis(scene, typesetter, y, plot, Side::left, kInk, &kGrid));
  scene.fill({plot.left, plot.top, plot.left + 1, plot.bottom}, kInk);
  scene.fill({plot.left, plot.bottom - 1, plot.right, plot.bottom}, kInk);
  for (size_t i = 0; i < series.size(); ++i)
    scene.draw(lines_of(series[i], x, y, options), pen_of(series, i), plot.grown(kRoom));

  const double middle = plot.right / 2;
  const Text xlabel = typesetter.set(options.xlabel, kLabelSize);
  scene.text(xlabel, {{middle, std::round(taken.bottom + kGap / 2 + xlabel.ascent)}, Align::centre});
  const Text ylabel = typesetter.set(options.ylabel, kLabelSize);
  scene.text(ylabel, {{std::round(taken.left - kGap - ylabel.descent), plot.bottom / 2}, Align::centre, 90});
  draw_legend(scene, legend_of(typesetter, series), plot.left, plot.right, plot.top - kGap);
  const Text title = typesetter.set(options.title, kTitleSize);
  const double above = std::min(scene.bounds().top, plot.top - kRoom);
  scene.text(title, {{middle, std::round(above - kGap - title.descent / 2)}, Align::centre});
  write_picture(path, scene, scene.area(kMargin), options.scale);
}

}  // namespace fovea
