#include "fovea/curve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "viz/axis.h"
#include "viz/legend.h"

namespace fovea {
namespace {

constexpr Rect kPicture{0, 0, 960, 540};
constexpr Rect kPlot{76, 50, 884, 482};
constexpr Colour kLight{168, 196, 230}, kDark{26, 74, 140}, kOther{206, 92, 16};
constexpr double kCut = 0.005;     // share of the losses that the axis leaves out at each end
constexpr size_t kAverages = 50;   // the moving average is over such a part of the points
constexpr size_t kMostMarks = 60;  // points of validations with a dot each
constexpr int kParts = 6;          // of an axis of values, about

std::vector<Point> finite(std::span<const CurvePoint> points) {
  std::vector<Point> kept;
  for (const CurvePoint& each : points)
    if (std::abs(each.value) < kLargestValue) kept.push_back({double(each.step), each.value});
  return kept;
}

// The mean over as many points before as behind: towards the ends over fewer, so that it does not lag.
std::vector<Point> moving_average(const std::vector<Point>& points) {
  const size_t count = points.size(), most = std::max(count / kAverages / 2, std::min(count / 8, size_t(3)));
  std::vector<double> sums{0};
  for (const Point& each : points) sums.push_back(sums.back() + each.y);
  std::vector<Point> means;
  for (size_t i = 0; i < count; ++i) {
    const size_t side = std::max(std::min({most, i, count - 1 - i}), most / 8);
    const size_t first = i - std::min(i, side), end = std::min(i + side + 1, count);
    means.push_back({points[i].x, (sums[end] - sums[first]) / double(end - first)});
  }
  return means;
}

Axis upright(Axis axis) {
  axis.first = kPlot.bottom - 1;
  axis.last = kPlot.top;
  return axis;
}

Axis loss_axis(const std::vector<Point>& losses) {
  if (losses.empty()) return upright(value_axis(0, 1, kParts));
  std::vector<double> sorted;
  for (const Point& each : losses) sorted.push_back(each.y);
  std::ranges::sort(sorted);
  const size_t cut = size_t(kCut * double(sorted.size()));
  return upright(value_axis(sorted[cut], sorted[sorted.size() - 1 - cut], kParts));
}

Axis measure_axis(const std::vector<Point>& measures) {
  const auto [low, high] = std::ranges::minmax_element(measures, {}, &Point::y);
  return upright(value_axis(low->y, high->y, kParts));
}

Axis step_axis(const std::vector<Point>& losses, const std::vector<Point>& measures) {
  double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
  for (const auto* points : {&losses, &measures})
    for (const Point& each : *points) {
      low = std::min(low, each.x);
      high = std::max(high, each.x);
    }
  if (low > high) low = 0, high = 10;  // no points at all
  if (low > 0 && low < high / 10) low = 0;
  const double least = std::max(10.0, std::max(std::abs(low), std::abs(high)) * 1e-6);
  if (high - low < least) {
    const double middle = (low + high) / 2;
    low = low >= 0 ? std::max(0.0, middle - least / 2) : middle - least / 2;
    high = low + least;
  }
  return {.low = low,
          .high = high,
          .spacing = round_spacing(high - low, 9),
          .first = kPlot.left,
          .last = kPlot.right - 1};
}

// What the points look like on the pixels: of many on one column the first, least, greatest and last one.
Line line_of(const std::vector<Point>& points, const Axis& x, const Axis& y) {
  Line line;
  for (size_t i = 0, end; i < points.size(); i = end) {
    const auto column = [&](size_t index) { return std::floor(x.at(points[index].x)); };
    size_t least = i, greatest = i;
    for (end = i; end < points.size() && column(end) == column(i); ++end) {
      if (points[end].y < points[least].y) least = end;
      if (points[end].y > points[greatest].y) greatest = end;
    }
    const auto [earlier, later] = std::minmax(least, greatest);
    for (const size_t index : {i, earlier, later, end - 1})
      line.push_back({x.at(points[index].x) + 0.5, y.at(points[index].y) + 0.5});
  }
  return line;
}

// Dots where there are few points: one point alone makes no line.
void draw_points(Scene& scene, const Line& line, size_t points, const Pen& pen) {
  scene.draw({line}, pen, kPlot);
  if (points > kMostMarks) return;
  std::vector<Line> dots;
  for (const Point& each : line) dots.push_back({each});
  scene.draw(std::move(dots), {pen.colour, 7}, kPicture);
}

// Axes, and the side of the measures if there are any.
void draw_frame(Scene& scene, const Typesetter& typesetter, const Axis& x, const Axis& y, const Axis* other) {
  draw_axis(scene, typesetter, x, kPlot, Side::below, kInk, &kGrid);
  draw_axis(scene, typesetter, y, kPlot, Side::left, kInk, &kGrid);
  scene.fill({kPlot.left, kPlot.top, kPlot.left + 1, kPlot.bottom}, kInk);
  scene.fill({kPlot.left, kPlot.bottom - 1, kPlot.right, kPlot.bottom}, kInk);
  if (!other) return;
  scene.fill({kPlot.right - 1, kPlot.top, kPlot.right, kPlot.bottom}, kOther);
  draw_axis(scene, typesetter, *other, kPlot, Side::right, kOther, nullptr);
}

}  // namespace

void write_loss_curve(const std::filesystem::path& path, std::span<const CurvePoint> training,
                      std::span<const CurvePoint> validation, const CurveLabels& labels) {
  check_picture_path("write_loss_curve", path);
  const Typesetter typesetter;
  const std::vector<Point> losses = finite(training), measures = finite(validation);
  const Axis x = step_axis(losses, measures), y = loss_axis(losses);
  const Axis other = measures.empty() ? y : measure_axis(measures);
  Scene scene;
  draw_frame(scene, typesetter, x, y, measures.empty() ? nullptr : &other);
  const Text steps = typesetter.set(labels.steps, kLabelSize);
  scene.text(steps, {{(kPlot.left + kPlot.right) / 2, kPicture.bottom - 12}, Align::centre});

  const Pen raw{kLight, 1.2}, mean{kDark, 2.2}, measured{kOther, 2.2};
  std::vector<LegendEntry> legend;
  const auto name = [&](const std::string& text) { return typesetter.set(text, kTickSize); };
  if (!losses.empty()) {
    scene.draw({line_of(losses, x, y)}, raw, kPlot);
    const Line average = line_of(moving_average(losses), x, y);
    losses.size() > 1 ? scene.draw({average}, mean, kPlot) : draw_points(scene, average, 1, mean);
    legend.push_back({name(labels.training), {kLight, 3}});
    legend.push_back({name(labels.training + ", moving average"), mean});
  }
  if (!measures.empty()) {
    draw_points(scene, line_of(measures, x, other), measures.size(), measured);
    legend.push_back({name(labels.validation + " (right)"), measured});
  }
  draw_legend(scene, legend, kPlot.left, kPlot.right, kPlot.top - 12);
  // A legend of many rows or long names needs more room than the picture has.
  const Rect all = scene.area(0);
  const bool fits = all.left >= kPicture.left && all.top >= kPicture.top && all.right <= kPicture.right &&
                    all.bottom <= kPicture.bottom;
  write_picture(path, scene, fits ? kPicture : scene.area(kMargin).united(kPicture), 1);
}

}  // namespace fovea
