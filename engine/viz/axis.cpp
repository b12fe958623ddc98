#include "viz/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

constexpr double kMostTicks = 1000;
constexpr double kLeastSpan = 1 / kLargestValue;

int power_of(double number) { return int(std::floor(std::log10(number) + 1e-9)); }

// All digits within a power of ten, 1, 2 and 5 within a few, else the powers alone.
std::vector<double> log_ticks(double low, double high) {
  const int first = power_of(low), last = int(std::ceil(std::log10(high) - 1e-9));
  const int step = std::max(1, (last - first) / 8);
  std::vector<double> values;
  for (int power = first; power <= last; power += step)
    for (int digit = 1; digit < 10; ++digit) {
      const bool kept = digit == 1 || high / low <= 10 || (last - first <= 3 && (digit == 2 || digit == 5));
      const double value = digit * std::pow(10, power);
      if (kept && value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) values.push_back(value);
    }
  return values;
}

// A digit times a power of ten.
std::string log_text(double value) {
  if (value > 1e-4 && value < 1e4) return fmt::format("{:.6g}", value);
  constexpr const char* kRaised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  const int power = power_of(value), digit = int(std::lround(value / std::pow(10, power)));
  std::string text = digit == 1 ? "10" : fmt::format("{}·10", digit);
  if (power < 0) text += "⁻";
  for (const char c : std::to_string(std::abs(power))) text += kRaised[c - '0'];
  return text;
}

// Where a tick's text stands, `at` being its place on the axis.
TextPlace tick_place(const Rect& plot, Side side, double at, const Text& text, const Colour& colour) {
  const double middle = (text.ascent - text.descent) / 2, gap = kTickLength + kTickGap;
  if (side == Side::below)
    return {{at, std::round(plot.bottom + gap + text.ascent)}, Align::centre, 0, colour};
  if (side == Side::left) return {{plot.left - gap, std::round(at + middle)}, Align::right, 0, colour};
  return {{plot.right + gap, std::round(at + middle)}, Align::left, 0, colour};
}

}  // namespace

double Axis::at(double value) const {
  const double share = log ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
                           : (value - low) / (high - low);
  return first + share * (last - first);
}

std::vector<double> Axis::ticks() const {
  if (log) return log_ticks(low, high);
  // Counted first: far from 0 a number and the one behind it may be the same multiple of the spacing.
  const double from = std::ceil(low / spacing - 1e-6), to = std::floor(high / spacing + 1e-6);
  const int count = int(std::clamp(to - from + 1, 0.0, kMostTicks));
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back((from + i) * spacing);
  return values;
}

std::string Axis::text(double value) const {
  const double largest = std::max(std::abs(low), std::abs(high));
  if (log) return log_text(value);
  if (std::abs(value) < spacing / 2) return "0";
  if (largest >= 1e9 || spacing < 1e-4)
    return fmt::format("{:.{}e}", value, std::max(power_of(std::abs(value)) - power_of(spacing), 0));
  const double unit = largest >= 1e6 ? 1e6 : largest >= 1e4 ? 1e3 : 1;
  const int digits = std::max(-power_of(spacing / unit), 0);
  return fmt::format("{:.{}f}{}", value / unit, digits, unit == 1e6 ? "M" : unit == 1e3 ? "k" : "");
}

double round_spacing(double length, int parts) {
  const double power = std::pow(10, std::floor(std::log10(length / parts)));
  const double digits = length / parts / power;
  return power * (digits < 1.5 ? 1 : digits < 3.5 ? 2 : digits < 7.5 ? 5 : 10);
}

Axis value_axis(double low, double high, int parts) {
  const double least = std::max(std::abs(low), std::abs(high)) * 1e-3;  // ticks get few digits
  if (high - low <= std::max(least, kLeastSpan)) {
    const double middle = (low + high) / 2, half = least > 1e-30 ? 50 * least : 1;
    low = middle - half;
    high = middle + half;
  }
  const double spacing = round_spacing(high - low, parts);
  return {.low = std::floor(low / spacing + 1e-6) * spacing,
          .high = std::ceil(high / spacing - 1e-6) * spacing,
          .spacing = spacing};
}

Axis log_axis(double low, double high) {
  if (high / low < 2) {
    low /= 2;
    high *= 2;
  }
  const double room = std::pow(high / low, 0.02);
  return {.low = low / room, .high = high * room, .log = true};
}

Rect draw_axis(Scene& scene, const Typesetter& typesetter, const Axis& axis, const Rect& plot, Side side,
               const Colour& colour, const Colour* grid) {
  Rect taken = plot;
  for (const double value : axis.ticks()) {
    const double at = std::round(axis.at(value));
    const bool upright = side == Side::below;
    if (grid)
      scene.fill(upright ? Rect{at, plot.top, at + 1, plot.bottom} : Rect{plot.left, at, plot.right, at + 1},
                 *grid);
    const Rect tick = upright              ? Rect{at, plot.bottom, at + 1, plot.bottom + kTickLength}
                      : side == Side::left ? Rect{plot.left - kTickLength, at, plot.left, at + 1}
                                           : Rect{plot.right, at, plot.right + kTickLength, at + 1};
    scene.fill(tick, colour);
    const Text text = typesetter.set(axis.text(value), kTickSize);
    taken = taken.united(scene.text(text, tick_place(plot, side, at + 0.5, text, colour)));
  }
  return taken;
}

}  // namespace fovea
