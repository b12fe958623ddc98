// Axes: from values to places, with ticks and their texts.
#pragma once

#include <string>
#include <vector>

#include "viz/scene.h"

namespace fovea {

constexpr double kLargestValue = 1e100;  // larger numbers count as not finite, spans below its inverse as 0

// A tick at every multiple of the spacing; with log at powers of ten and, where these are few, between them.
// Log ticks of 10 000 and more are written as powers.
struct Axis {
  double low = 0, high = 1, spacing = 0.1;
  double first = 0, last = 1;  // the places of low and high
  bool log = false;

  double at(double value) const;
  std::vector<double> ticks() const;
  std::string text(double tick) const;
};

// 1, 2 or 5 times a power of ten, about length / parts.
double round_spacing(double length, int parts);

// From low to high, both moved outwards to a tick. Values that are all the same lie in the middle.
Axis value_axis(double low, double high, int parts);
Axis log_axis(double low, double high);  // both from 1 / kLargestValue on

constexpr double kTickSize = 11, kLabelSize = 13, kTitleSize = 14;  // of text
constexpr double kTickLength = 5, kTickGap = 4;                     // from the axis, then to the text
constexpr double kMargin = 10, kGap = 8;  // around the picture, and between what belongs together
constexpr Colour kGrid{228, 228, 228};

// Below, with values to the left, or with values to the right of a plot.
enum class Side : uint8_t { below, left, right };
// Ticks with their texts; grid lines where a colour is given. Returns what they take.
Rect draw_axis(Scene& scene, const Typesetter& typesetter, const Axis& axis, const Rect& plot, Side side,
               const Colour& colour, const Colour* grid);

}  // namespace fovea
