#include "io/resize.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.h"

namespace fovea {
namespace {

// Weights are integers in units of 2^-22: 32 bits less 8 for the pixel and 2 for overshoot.
constexpr int kPrecision = 32 - 8 - 2;

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

// What one output pixel is made of: `weights` for the input pixels from `first` on.
struct Taps {
  int first;
  std::vector<int32_t> weights;
};

// The taps of all output pixels along one axis.
std::vector<Taps> taps_along(int from, int to, Filter filter) {
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
      const double scaled = (sum != 0 ? weight / sum : weight) * (1 << kPrecision);
      tap.weights.push_back(int32_t(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
    }
  }
  return taps;
}

// The weighted sum of pixels `stride` bytes apart, one colour.
uint8_t blend(const Taps& taps, const uint8_t* pixels, size_t stride) {
  int32_t sum = 1 << (kPrecision - 1);
  for (const int32_t weight : taps.weights) {
    sum += weight * *pixels;
    pixels += stride;
  }
  return uint8_t(std::clamp(sum >> kPrecision, 0, 255));
}

Image blank(int width, int height) {
  return {width, height, std::vector<uint8_t>(size_t(width) * size_t(height) * 3)};
}

size_t row_bytes(const Image& image) { return size_t(image.width) * 3; }

// (height, from, 3) -> (height, width, 3)
Image resize_rows(const Image& image, int width, Filter filter) {
  const std::vector<Taps> taps = taps_along(image.width, width, filter);
  Image out = blank(width, image.height);
  uint8_t* to = out.rgb.data();
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.rgb.data() + size_t(y) * row_bytes(image);
    for (const Taps& tap : taps)
      for (int colour = 0; colour < 3; ++colour) *to++ = blend(tap, row + 3 * tap.first + colour, 3);
  }
  return out;
}

// (from, width, 3) -> (height, width, 3)
Image resize_columns(const Image& image, int height, Filter filter) {
  Image out = blank(image.width, height);
  uint8_t* to = out.rgb.data();
  for (const Taps& tap : taps_along(image.height, height, filter)) {
    const uint8_t* first = image.rgb.data() + size_t(tap.first) * row_bytes(image);
    for (size_t i = 0; i < row_bytes(image); ++i) *to++ = blend(tap, first + i, row_bytes(image));
  }
  return out;
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

Image resize_nearest(const Image& image, int width, int height) {
  Image out = blank(width, height);
  uint8_t* to = out.rgb.data();
  const std::vector<int> columns = nearest_along(image.width, width);
  for (const int y : nearest_along(image.height, height))
    for (const int x : columns)
      to = std::copy_n(image.rgb.data() + size_t(y) * row_bytes(image) + size_t(x) * 3, 3, to);
  return out;
}

void check_image(const char* op, const Image& image) {
  check_image_size(op, image.width, image.height);
  FOVEA_CHECK(image.rgb.size() == row_bytes(image) * size_t(image.height), op, ": ", image.width, " x ",
              image.height, " pixels take 3 bytes each, got ", image.rgb.size());
}

}  // namespace

Image resize(const Image& image, int width, int height, Resample filter) {
  check_image("resize", image);
  check_image_size("resize", width, height);
  if (filter == Resample::nearest) return resize_nearest(image, width, height);
  const Filter shape = filter_of(filter);
  // Rows first, rounded to 8 bits between the passes; an axis that keeps its size is left alone.
  Image out = image.width == width ? image : resize_rows(image, width, shape);
  return image.height == height ? out : resize_columns(out, height, shape);
}

Image center_crop(const Image& image, int width, int height) {
  check_image("center_crop", image);
  check_image_size("center_crop", width, height);
  const auto half_down = [](int value) { return (value - (value < 0)) / 2; };
  const int left = half_down(image.width - width);  // negative: so many black columns before the image
  const int top = half_down(image.height - height);
  const int begin = std::max(left, 0), end = std::min(left + width, image.width);
  Image out = blank(width, height);
  for (int y = std::max(top, 0); y < std::min(top + height, image.height); ++y)
    std::copy_n(image.rgb.data() + size_t(y) * row_bytes(image) + 3 * begin, 3 * (end - begin),
                out.rgb.data() + size_t(y - top) * row_bytes(out) + 3 * (begin - left));
  return out;
}

}  // namespace fovea
