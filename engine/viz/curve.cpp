#include "fovea/curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "viz/canvas.h"

namespace fovea {
namespace {

constexpr int kWidth = 960, kHeight = 540;
constexpr Box kPlot{76, 50, kWidth - 76, kHeight - 58};
constexpr int kTick = 5;         // pixels
constexpr double kHalfText = 5;  // pixels from the middle of a line of text to its baseline
constexpr Colour kInk{60, 60, 60}, kGrid{228, 228, 228}, kLight{168, 196, 230}, kDark{26, 74, 140},
    kOther{206, 92, 16};
constexpr double kCut = 0.005;      // share of the losses that the axis leaves out at each end
constexpr size_t kAverages = 50;    // the moving average is over such a part of the points
constexpr size_t kMostMarks = 60;   // points of validations with a dot each
constexpr double kLargest = 1e100;  // larger numbers count as not finite

std::vector<Point> finite(std::span<const CurvePoint> points) {
  std::vector<Point> kept;
  for (const CurvePoint& each : points)
    if (std::abs(each.value) < kLargest) kept.push_back({double(each.step), each.value});
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

// From values to pixels, with a tick at every multiple of the spacing.
struct Axis {
  double low, high, spacing;
  int first, last;  // pixels of low and high

  double at(double value) const { return first + (value - low) / (high - low) * (last - first); }
  std::vector<double> ticks() const {
    std::vector<double> values;
    for (double i = std::ceil(low / spacing - 1e-6); i <= high / spacing + 1e-6; ++i)
      values.push_back(i * spacing);
    return values;
  }
};

// 1, 2 or 5 times a power of ten, about `length` / `parts`.
double round_spacing(double length, int parts) {
  const double power = std::pow(10, std::floor(std::log10(length / parts)));
  const double digits = length / parts / power;
  return power * (digits < 1.5 ? 1 : digits < 3.5 ? 2 : digits < 7.5 ? 5 : 10);
}

Axis value_axis(double low, double high) {
  const double least = std::max(std::abs(low), std::abs(high)) * 1e-3;  // ticks get few digits
  if (high - low <= least) {
    const double middle = (low + high) / 2, half = least > 1e-30 ? 50 * least : 1;
    low = middle - half;
    high = middle + half;
  }
  const double spacing = round_spacing(high - low, 6);
  return {std::floor(low / spacing + 1e-6) * spacing, std::ceil(high / spacing - 1e-6) * spacing, spacing,
          kPlot.bottom - 1, kPlot.top};
}

Axis loss_axis(const std::vector<Point>& losses) {
  if (losses.empty()) return value_axis(0, 1);
  std::vector<double> sorted;
  for (const Point& each : losses) sorted.push_back(each.y);
  std::ranges::sort(sorted);
  const size_t cut = size_t(kCut * double(sorted.size()));
  return value_axis(sorted[cut], sorted[sorted.size() - 1 - cut]);
}

Axis measure_axis(const std::vector<Point>& measures) {
  const auto [low, high] = std::ranges::minmax_element(measures, {}, &Point::y);
  return value_axis(low->y, high->y);
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
  return {low, high, round_spacing(high - low, 9), kPlot.left, kPlot.right - 1};
}

std::string tick_text(double value, const Axis& axis) {
  const double largest = std::max(std::abs(axis.low), std::abs(axis.high));
  const auto power = [](double number) { return int(std::floor(std::log10(number) + 1e-9)); };
  if (std::abs(value) < axis.spacing / 2) return "0";
  if (largest >= 1e9 || axis.spacing < 1e-4)
    return fmt::format("{:.{}e}", value, std::max(power(std::abs(value)) - power(axis.spacing), 0));
  const double unit = largest >= 1e6 ? 1e6 : largest >= 1e4 ? 1e3 : 1;
  const int digits = std::max(-power(axis.spacing / unit), 0);
  return fmt::format("{:.{}f}{}", value / unit, digits, unit == 1e6 ? "M" : unit == 1e3 ? "k" : "");
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

void draw_frame(Canvas& canvas, const Axis& x, const Axis& y, const Axis* other) {
  for (const double value : x.ticks()) {
    const int at = int(std::lround(x.at(value)));
    canvas.fill({at, kPlot.top, at + 1, kPlot.bottom}, kGrid);
    canvas.fill({at, kPlot.bottom, at + 1, kPlot.bottom + kTick}, kInk);
    canvas.text(tick_text(value, x), {at + 0.5, kPlot.bottom + kTick + 15.0}, Align::centre, kInk);
  }
  for (const double value : y.ticks()) {
    const int at = int(std::lround(y.at(value)));
    canvas.fill({kPlot.left, at, kPlot.right, at + 1}, kGrid);
    canvas.fill({kPlot.left - kTick, at, kPlot.left, at + 1}, kInk);
    canvas.text(tick_text(value, y), {kPlot.left - kTick - 5.0, at + 0.5 + kHalfText}, Align::right, kInk);
  }
  canvas.fill({kPlot.left, kPlot.top, kPlot.left + 1, kPlot.bottom}, kInk);
  canvas.fill({kPlot.left, kPlot.bottom - 1, kPlot.right, kPlot.bottom}, kInk);
  if (!other) return;
  canvas.fill({kPlot.right - 1, kPlot.top, kPlot.right, kPlot.bottom}, kOther);
  for (const double value : other->ticks()) {
    const int at = int(std::lround(other->at(value)));
    canvas.fill({kPlot.right, at, kPlot.right + kTick, at + 1}, kOther);
    canvas.text(tick_text(value, *other), {kPlot.right + kTick + 5.0, at + 0.5 + kHalfText}, Align::left,
                kOther);
  }
}

// A piece of line and the name behind it, from x on; returns where the next one may begin.
double add_legend(Canvas& canvas, double x, std::string_view name, const Pen& pen) {
  constexpr double kMiddle = 26.5, kPiece = 26;
  canvas.draw(std::vector<Line>{{{x, kMiddle}, {x + kPiece, kMiddle}}}, pen, canvas.all());
  canvas.text(name, {x + kPiece + 8, kMiddle + kHalfText}, Align::left, kInk);
  return x + kPiece + 8 + text_width(name) + 28;
}

// Dots where there are few points: one point alone makes no line.
void draw_points(Canvas& canvas, const Line& line, size_t points, const Pen& pen) {
  canvas.draw(std::vector<Line>{line}, pen, kPlot);
  if (points > kMostMarks) return;
  std::vector<Line> dots;
  for (const Point& each : line) dots.push_back({each});
  canvas.draw(dots, {pen.colour, 7}, canvas.all());
}

}  // namespace

void write_loss_curve(const std::filesystem::path& path, std::span<const CurvePoint> training,
                      std::span<const CurvePoint> validation, const CurveLabels& labels) {
  const std::vector<Point> losses = finite(training), measures = finite(validation);
  const Axis x = step_axis(losses, measures), y = loss_axis(losses);
  const Axis other = measures.empty() ? y : measure_axis(measures);
  Canvas canvas(kWidth, kHeight);
  draw_frame(canvas, x, y, measures.empty() ? nullptr : &other);
  canvas.text(labels.steps, {(kPlot.left + kPlot.right) / 2.0, kHeight - 12.0}, Align::centre, kInk);

  const Pen raw{kLight, 1.2}, mean{kDark, 2.2}, measured{kOther, 2.2};
  double legend = kPlot.left;
  if (!losses.empty()) {
    canvas.draw(std::vector<Line>{line_of(losses, x, y)}, raw, kPlot);
    const Line average = line_of(moving_average(losses), x, y);
    losses.size() > 1 ? canvas.draw(std::vector<Line>{average}, mean, kPlot)
                      : draw_points(canvas, average, 1, mean);
    legend = add_legend(canvas, legend, labels.training, {kLight, 3});
    legend = add_legend(canvas, legend, labels.training + ", moving average", mean);
  }
  if (!measures.empty()) {
    draw_points(canvas, line_of(measures, x, other), measures.size(), measured);
    add_legend(canvas, legend, labels.validation + " (right)", measured);
  }
  write_png(path, canvas.image());
}

}  // namespace fovea
