#include "fovea/curve.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "fovea/image.hpp"
#include "support/svg.h"
#include "support/temporary.h"
#include "viz/canvas.h"

namespace fovea {
namespace {

using test::contains;
using test::read_bytes;
using test::rejection;
using test::TemporaryFolder;
using Points = std::vector<CurvePoint>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(),
                 kInfinity = std::numeric_limits<double>::infinity();
constexpr Colour kDark{26, 74, 140}, kOther{206, 92, 16};

Image curve(const Points& training, const Points& validation, const CurveLabels& labels = {}) {
  const TemporaryFolder folder;
  write_loss_curve(folder.path() / "curve.png", training, validation, labels);
  Image image = load_image(folder.path() / "curve.png");
  REQUIRE(image.width == 960);
  REQUIRE(image.height == 540);
  return image;
}

Colour at(const Image& image, int x, int y) {
  const uint8_t* byte = &image.rgb[(size_t(y) * size_t(image.width) + size_t(x)) * 3];
  return {byte[0], byte[1], byte[2]};
}

// The middle of the pixels of a colour in a part of the image, and how many they are.
struct Found {
  double x = 0, y = 0;
  int count = 0;
};
Found find(const Image& image, const Colour& colour, const Box& box) {
  Found found;
  for (int y = box.top; y < box.bottom; ++y)
    for (int x = box.left; x < box.right; ++x)
      if (at(image, x, y) == colour) ++found.count, found.x += x, found.y += y;
  if (found.count > 0) found.x /= found.count, found.y /= found.count;
  return found;
}

constexpr Box kInside{78, 51, 882, 480};  // the plot without its axes

TEST_CASE("curve: a falling loss from the upper left to the lower right, the measure on its own axis") {
  Points losses, measures;
  for (int64_t step = 0; step <= 1000; ++step) losses.push_back({step, 5 - double(step) * 0.004});
  for (int64_t step = 100; step <= 1000; step += 100) measures.push_back({step, double(step) * 0.03});
  const Image image = curve(losses, measures);
  // 0 .. 1000 and 1 .. 5 fill the axes; the average of a straight line is the line itself.
  for (const double share : {0.125, 0.25, 0.625, 0.75, 0.875}) {
    const int x = int(76 + share * 807);
    const Found column = find(image, kDark, {x, 51, x + 1, 480});
    CAPTURE(share, column.y);
    CHECK(column.count >= 1);
    CHECK(std::abs(column.y - (50 + share * 431)) < 1.5);
  }
  const Found middle =
      find(image, kOther, {883 - 403, 51, 883 - 402, 480});  // step 500 of 1000: 15 of 0 .. 30
  CHECK(middle.count >= 5);
  CHECK(std::abs(middle.y - 265.5) < 1.5);
}

TEST_CASE("curve: points that are not finite are left out, as if they were not there") {
  const Points clean{{1, 3}, {2, 2}, {4, 1}}, measures{{2, 7}, {4, 8}};
  const Points dirty{{1, 3}, {2, 2}, {3, kNaN}, {3, kInfinity}, {3, -kInfinity}, {3, 1e300}, {4, 1}};
  const Points gaps{{1, kNaN}, {2, 7}, {4, 8}};
  CHECK(curve(dirty, gaps).rgb == curve(clean, measures).rgb);
  CHECK(curve({{1, kNaN}}, {{1, kInfinity}}).rgb == curve({}, {}).rgb);
  CHECK(find(curve({}, {}), kDark, kInside).count == 0);
}

TEST_CASE("curve: one point, equal values, any size of numbers") {
  for (const double value : {0.0, 1.0, -3.7, 1e-30, 1e-12, 123456.0, 1e12, 1e99, -1e99})
    for (const int64_t step : {int64_t(0), int64_t(1), int64_t(777), int64_t(1) << 62}) {
      CAPTURE(value, step);
      const Found dot = find(curve({{step, value}}, {}), kDark, {76, 50, 884, 482});
      CHECK(dot.count >= 10);
      const Found flat =
          find(curve({{step, value}, {step + 4000, value}}, {{step + 2000, value}}), kOther, kInside);
      CHECK(flat.count >= 10);
    }
  CHECK(find(curve({{1, -1e99}, {2, 1e99}}, {}), kDark, kInside).count > 100);
  CHECK(find(curve({}, {{5, 1}, {6, 2}}), kOther, kInside).count > 100);
}

TEST_CASE("curve: a spike among many losses does not press the others together") {
  Points losses;
  std::mt19937 random(1);
  for (int64_t step = 1; step <= 100000; ++step)
    losses.push_back({step, 1 + double(random() % 1000) / 1000 + (step % 1000 == 7 ? 1e6 : 0)});
  losses.push_back({100001, 1e9});
  const Image image = curve(losses, {});
  CHECK(at(image, 480, 270) != Colour{255, 255, 255});
  CHECK(std::abs(find(image, {168, 196, 230}, kInside).y - 265) < 30);
}

TEST_CASE("curve: labels in any script, and as SVG") {
  const TemporaryFolder folder;
  const CurveLabels labels{.training = "損失", .validation = "دقة", .steps = "चरण"};
  write_loss_curve(folder.path() / "curve.svg", Points{{1, 2}, {5, 3}}, Points{{1, 2}}, labels);
  const auto svg = test::read_svg(read_bytes(folder.path() / "curve.svg"));
  for (const char* text : {"損失", "損失, moving average", "دقة (right)", "चरण"}) test::labelled(svg, text);
  curve({{1, 2}}, {{1, 2}}, {.training = "x", .validation = "\xE6\x97", .steps = ""});
}

TEST_CASE("curve: a legend of several rows lies within the picture") {
  const TemporaryFolder folder;
  for (const size_t letters : {60, 100, 500}) {
    const std::string name(letters, 'W');
    const Points losses{{1, 2}, {5, 3}}, measures{{1, 2}};
    write_loss_curve(folder.path() / "curve.svg", losses, measures, {.training = name});
    const auto svg = test::read_svg(read_bytes(folder.path() / "curve.svg"));
    const std::vector<double> view = svg[0].numbers("viewBox");
    for (const std::string& text : {name, name + ", moving average", std::string("validation (right)")}) {
      const test::SvgBox box = test::box_of(test::labelled(svg, text));
      CHECK((box.left >= view[0] && box.right <= view[0] + view[2]));
      CHECK((box.top >= view[1] && box.bottom <= view[1] + view[3]));
    }
    write_loss_curve(folder.path() / "curve.png", losses, measures, {.training = name});
    const Image image = load_image(folder.path() / "curve.png");
    CHECK((image.width == int(view[2]) && image.height == int(view[3])));
  }
}

TEST_CASE("curve: a file that cannot be written is named") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "no" / "curve.png").string();
  CHECK(contains(rejection([&] { write_loss_curve(path, {}, {}); }), path));
}

}  // namespace
}  // namespace fovea
