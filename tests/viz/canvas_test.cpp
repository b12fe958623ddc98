#include "viz/canvas.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

namespace fovea {
namespace {

constexpr Colour kBlack{0, 0, 0};

Path polygon(const std::vector<Point>& corners) {
  Path path;
  for (const Point& each : corners)
    path.segments.push_back({path.segments.empty() ? Path::Kind::move : Path::Kind::line, {each}});
  return path;
}

Path square(double left, double top, double size, bool turned = false) {
  const double right = left + size, bottom = top + size;
  if (turned) return polygon({{left, top}, {left, bottom}, {right, bottom}, {right, top}});
  return polygon({{left, top}, {right, top}, {right, bottom}, {left, bottom}});
}

Path joined(Path a, const Path& b) {
  a.segments.insert(a.segments.end(), b.segments.begin(), b.segments.end());
  return a;
}

int ink(const Canvas& canvas, int x, int y) {  // 0 to 255
  return 255 - canvas.image().rgb[size_t(y * canvas.image().width + x) * 3];
}

// How much of the image is covered, pixels.
double area(const Canvas& canvas) {
  double sum = 0;
  for (int y = 0; y < canvas.image().height; ++y)
    for (int x = 0; x < canvas.image().width; ++x) sum += ink(canvas, x, y) / 255.0;
  return sum;
}

TEST_CASE("canvas: a pixel takes as much ink as the outline covers of it") {
  Canvas canvas(8, 8);
  canvas.fill(square(1.5, 2.25, 3), kBlack);
  CHECK(ink(canvas, 2, 3) == 255);
  CHECK(std::abs(ink(canvas, 1, 3) - 128) <= 1);
  CHECK(std::abs(ink(canvas, 2, 2) - 191) <= 1);
  CHECK(std::abs(ink(canvas, 4, 5) - 32) <= 1);
  CHECK(ink(canvas, 5, 3) == 0);
  CHECK(ink(canvas, 0, 3) == 0);
}

TEST_CASE("canvas: inside is what outlines wind around") {
  Canvas overlapping(10, 10), hole(10, 10), outside(10, 10);
  overlapping.fill(joined(square(1, 1, 5), square(3, 3, 5)), kBlack);
  CHECK(std::abs(area(overlapping) - (25 + 25 - 9)) < 0.1);
  hole.fill(joined(square(1, 1, 8), square(3, 3, 4, true)), kBlack);
  CHECK(std::abs(area(hole) - (64 - 16)) < 0.1);
  CHECK(ink(hole, 5, 5) == 0);
  outside.fill(square(-5, -5, 8), kBlack);  // what lies beyond the image is cut
  CHECK(std::abs(area(outside) - 9) < 0.1);
}

TEST_CASE("canvas: curves bend") {
  constexpr double kCircle = 0.5523, r = 8;  // of the controls of a quarter of a circle
  const Point m{10, 10};
  const auto at = [&](double x, double y) { return Point{m.x + r * x, m.y + r * y}; };
  using Kind = Path::Kind;
  Path circle{{{Kind::move, {at(1, 0)}},
               {Kind::cubic, {at(1, kCircle), at(kCircle, 1), at(0, 1)}},
               {Kind::cubic, {at(-kCircle, 1), at(-1, kCircle), at(-1, 0)}},
               {Kind::cubic, {at(-1, -kCircle), at(-kCircle, -1), at(0, -1)}},
               {Kind::cubic, {at(kCircle, -1), at(1, -kCircle), at(1, 0)}}}};
  Canvas round(20, 20), parabola(20, 20);
  round.fill(circle, kBlack);
  CHECK(std::abs(area(round) / (3.14159265 * r * r) - 1) < 0.01);
  // Under a quadratic from (0, 0) by (6, 12) to (12, 0): two thirds of 12 x 6.
  parabola.fill({{{Kind::move, {Point{2, 2}}}, {Kind::quadratic, {Point{8, 14}, Point{14, 2}}}}}, kBlack);
  CHECK(std::abs(area(parabola) - 48) < 0.8);
}

TEST_CASE("canvas: lines keep within their box and are not darker where they cross") {
  Canvas canvas(20, 20);
  canvas.draw(std::vector<Line>{{{0, 10}, {20, 10}}, {{10, 0}, {10, 20}}}, {{100, 100, 100}, 2},
              {4, 4, 16, 16});
  CHECK(ink(canvas, 10, 10) == 155);
  CHECK(ink(canvas, 5, 10) == 155);
  CHECK(ink(canvas, 3, 10) == 0);
  CHECK(ink(canvas, 10, 16) == 0);
  canvas.draw(std::vector<Line>{{{2, 2}}}, {kBlack, 3}, {0, 0, 20, 20});  // a dot
  CHECK(ink(canvas, 2, 1) > 200);
}

TEST_CASE("canvas: lines keep within the image, however large their box") {
  const Line dots[] = {{{-1, 5}}, {{21, 5}}, {{5, -1}}, {{5, 21}}, {{-30, -30}}, {{50, 50}}};
  for (const Line& dot : dots) {
    Canvas canvas(20, 20);
    canvas.draw(std::vector<Line>{dot}, {kBlack, 1}, {-40, -40, 60, 60});
    canvas.draw(std::vector<Line>{dot}, {kBlack, 1}, {-40, -40, -20, -20});
    canvas.draw(std::vector<Line>{dot}, {kBlack, 1}, {30, 30, 60, 60});
    CHECK(area(canvas) == 0);
  }
  Canvas canvas(20, 20);
  canvas.draw(std::vector<Line>{{{-30, 10}, {50, 10}}}, {kBlack, 2}, {-40, -40, 60, 60});
  CHECK(std::abs(area(canvas) - 40) < 0.1);
}

}  // namespace
}  // namespace fovea
