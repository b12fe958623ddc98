#include "core/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.h"

namespace fovea {
namespace {

struct Filter {
  double support;  // the weight is 0 beyond
  double (*weight)(double distance);
};

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double sinc(double x) { return x == 0 ? 1 : std::sin(x * std::numbers::pi) / (x * std::numbers::pi); }

double windowed_sinc(double x) { return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

Filter filter_of(Resample filter) {
  switch (filter) {
    case Resample::bilinear:
      return {1, triangle};
    case Resample::bicubic:
      return {2, cubic};
    case Resample::lanczos:
      return {3, windowed_sinc};
    default:
      fail("resize: unknown filter ", int(filter), ", expected 0 to 3");
  }
}

std::vector<Taps> single_taps(const std::vector<int>& pixels) {
  std::vector<Taps> taps;
  for (const int pixel : pixels) taps.push_back({pixel, {1 << kResampleBits}});
  return taps;
}

// The input pixel under the middle of each output pixel. The middle is stepped, not multiplied: Pillow's
// rounding.
std::vector<int> nearest_along(int from, int to) {
  const double scale = double(from) / to;
  std::vector<int> nearest;
  double middle = scale * 0.5;
  for (int out = 0; out < to; ++out, middle += scale) nearest.push_back(std::min(int(middle), from - 1));
  return nearest;
}

}  // namespace

std::vector<Taps> resample_taps(int from, int to, Resample resample) {
  if (resample == Resample::nearest || from == to) return single_taps(nearest_along(from, to));
  const Filter filter = filter_of(resample);
  const double scale = double(from) / to;
  const double stretch = std::max(scale, 1.0);  // shrinking: the filter covers all the pixels that merge
  const double support = filter.support * stretch;
  std::vector<Taps> taps(static_cast<size_t>(to));
  std::vector<double> weights;
  for (int out = 0; out < to; ++out) {
    const double center = (out + 0.5) * scale;
    const int first = std::max(int(center - support + 0.5), 0);
    const int end = std::min(int(center + support + 0.5), from);
    weights.clear();
    double sum = 0;
    for (int in = first; in < end; ++in) {
      weights.push_back(filter.weight((in - center + 0.5) * (1 / stretch)));
      sum += weights.back();
    }
    Taps& tap = taps[size_t(out)];
    tap.first = first;
    for (const double weight : weights) {
      const double scaled = (sum != 0 ? weight / sum : weight) * (1 << kResampleBits);
      tap.weights.push_back(int32_t(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
    }
  }
  return taps;
}

std::array<float, 256> normalised_bytes(double rescale, float mean, float std) {
  std::array<float, 256> values;
  for (int byte = 0; byte < 256; ++byte) values[size_t(byte)] = (float(byte * rescale) - mean) / std;
  return values;
}

}  // namespace fovea
