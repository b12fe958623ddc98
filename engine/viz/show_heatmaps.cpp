#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/extents.h"
#include "fovea/figure.hpp"
#include "viz/axis.h"

namespace fovea {
namespace {

constexpr double kBetween = 18;     // matrices and what stands around them
constexpr double kBarWidth = 12;    // of the colour bar
constexpr double kSpacious = 1.15;  // ticks whose middles are so many heights apart do not touch
constexpr double kTicksGap = 4;     // from a matrix to its ticks
constexpr int64_t kMostValues = int64_t(1) << 40;  // of all matrices: more fit no memory
constexpr Colour kFrame{120, 120, 120};

void check(const Matrices& m, const FigureOptions& options) {
  const std::string sizes = concat("(", m.rows, ", ", m.columns, ", ", m.queries, ", ", m.keys, ")");
  for (const int64_t size : {m.rows, m.columns, m.queries, m.keys})
    FOVEA_CHECK(size >= 1 && size <= 65536, "show_heatmaps: matrices ", sizes,
                ", expected 1 to 65536 of each");
  const std::optional<int64_t> count = product_within({m.rows, m.columns, m.queries, m.keys}, kMostValues);
  FOVEA_CHECK(count, "show_heatmaps: matrices ", sizes, " have more than ", kMostValues, " values, got ",
              m.values.size());
  FOVEA_CHECK(m.values.size() == size_t(*count), "show_heatmaps: matrices ", sizes, " have ", *count,
              " values, got ", m.values.size());
  const size_t titles = options.titles.size();
  FOVEA_CHECK(titles == 0 || titles == size_t(m.columns) || titles == size_t(m.rows * m.columns),
              "show_heatmaps: ", titles, " titles for ", m.rows, " x ", m.columns, " matrices");
  FOVEA_CHECK(options.xticks.empty() || options.xticks.size() == size_t(m.keys),
              "show_heatmaps: ", options.xticks.size(), " xticks for ", m.keys, " keys");
  FOVEA_CHECK(options.yticks.empty() || options.yticks.size() == size_t(m.queries),
              "show_heatmaps: ", options.yticks.size(), " yticks for ", m.queries, " queries");
  check_picture_sizes("show_heatmaps", {options.width, options.height, options.scale});
}

struct Range {
  double low, high;
  double share(double value) const { return (value - low) / (high - low); }
};

Range range_of(const Matrices& m, const FigureOptions& options) {
  for (size_t i = 0; i < m.values.size(); ++i)
    FOVEA_CHECK(std::isfinite(m.values[i]), "show_heatmaps: value ", i, " is ", m.values[i],
                ", expected finite ones");
  const auto [least, largest] = std::ranges::minmax_element(m.values);
  Range range{options.low.value_or(std::min(0.0, double(*least))), options.high.value_or(double(*largest))};
  if (!options.high && range.high - range.low < 1 / kLargestValue)  // one value is all there is
    range.high = range.low + std::max(1.0, std::abs(range.low) * 1e-3);
  const bool has_axis = std::max(std::abs(range.low), std::abs(range.high)) < kLargestValue &&
                        range.high - range.low >= 1 / kLargestValue;
  FOVEA_CHECK(has_axis && range.low <= *least && range.high >= *largest, "show_heatmaps: values from ",
              *least, " to ", *largest, " on a colour scale from ", range.low, " to ", range.high);
  return range;
}

// Labels of a side of the matrices: every `step`-th is drawn.
struct Ticks {
  std::vector<Text> texts;
  size_t step = 1;
  double angle = 0;

  // Widest and highest of them.
  double width() const { return texts.empty() ? 0 : std::ranges::max(texts, {}, &Text::width).width; }
  double height() const {
    double most = 0;
    for (const Text& each : texts) most = std::max(most, each.ascent + each.descent);
    return most;
  }
};

std::vector<Text> set_all(const Typesetter& typesetter, const std::vector<std::string>& sources,
                          double size) {
  std::vector<Text> texts;
  for (const std::string& source : sources) texts.push_back(typesetter.set(source, size));
  return texts;
}

// room: from the middle of one to the middle of the next.
Ticks make_ticks(const Typesetter& typesetter, const std::vector<std::string>& given, int64_t count,
                 double room, bool upright) {
  Ticks ticks;
  std::vector<std::string> sources = given;
  for (int64_t i = 0; given.empty() && i < count; ++i) sources.push_back(std::to_string(i));
  ticks.texts = set_all(typesetter, sources, kTickSize);
  const double height = kSpacious * ticks.height(), width = ticks.width() + kTickSize / 2;
  if (upright && !given.empty() && width > room) ticks.angle = height * std::sqrt(2.0) <= room ? 45 : 90;
  const double needed = upright && ticks.angle == 0 ? width : height;
  if (ticks.angle != 45) ticks.step = std::max(size_t(std::ceil(needed / room)), size_t(1));
  if (given.empty() && ticks.step > 1) {  // round numbers
    const double spacing = round_spacing(double(ticks.step), 1);
    ticks.step = size_t(spacing < double(ticks.step) ? round_spacing(2 * spacing, 1) : spacing);
  }
  return ticks;
}

// Where everything of a picture of matrices goes. The first matrix begins at (0, 0).
class Layout {
 public:
  Layout(const Matrices& matrices, const FigureOptions& options)
      : m_(matrices),
        options_(options),
        range_(range_of(matrices, options)),
        typesetter_(options.font),
        width_(std::round(100 * options.width)),
        height_(std::round(100 * options.height)),
        titles_(set_all(typesetter_, options.titles, kTitleSize)),
        xlabel_(typesetter_.set(options.xlabel, kLabelSize)),
        ylabel_(typesetter_.set(options.ylabel, kLabelSize)),
        xticks_(make_ticks(typesetter_, options.xticks, m_.keys, width_ / double(m_.keys), true)),
        yticks_(make_ticks(typesetter_, options.yticks, m_.queries, height_ / double(m_.queries), false)) {
    across_ = std::max(width_, xlabel_.width);
    for (const Text& title : titles_) across_ = std::max(across_, title.width);
    across_ = std::ceil(across_ + kBetween);
    const bool between = titles_.size() > size_t(m_.columns);  // titles in all rows
    down_ = std::ceil(std::max(height_, ylabel_.width) + kBetween + (between ? kTitleSize + kGap : 0));
  }

  void write(const std::filesystem::path& path) {
    for (int64_t row = 0; row < m_.rows; ++row)
      for (int64_t column = 0; column < m_.columns; ++column) draw_matrix(row, column);
    draw_bar();
    write_picture(path, scene_, scene_.area(kMargin), options_.scale);
  }

 private:
  Rect rect_of(int64_t row, int64_t column) const {
    const double left = double(column) * across_, top = double(row) * down_;
    return {left, top, left + width_, top + height_};
  }

  void frame(const Rect& rect) {
    const Rect out = rect.grown(1);
    for (const Rect& side :
         {Rect{out.left, out.top, out.right, rect.top}, Rect{out.left, rect.bottom, out.right, out.bottom},
          Rect{out.left, out.top, rect.left, out.bottom}, Rect{rect.right, out.top, out.right, out.bottom}})
      scene_.fill(side, kFrame);
  }

  void draw_matrix(int64_t row, int64_t column) {
    const Rect rect = rect_of(row, column);
    const size_t matrix = size_t(row * m_.columns + column), cells = size_t(m_.queries * m_.keys);
    Scene::Cells item{rect, m_.queries, m_.keys, {}};
    for (size_t i = 0; i < cells; ++i)
      item.colours.push_back(colour_of(options_.colormap, range_.share(m_.values[matrix * cells + i])));
    frame(rect);
    scene_.cells(std::move(item));
    if (row == 0 || titles_.size() > size_t(m_.columns)) draw_title(rect, matrix);
    if (row + 1 == m_.rows) draw_below(rect);
    if (column == 0) draw_left(rect);
  }

  void draw_title(const Rect& rect, size_t index) {
    if (index >= titles_.size()) return;
    const double middle = (rect.left + rect.right) / 2;
    scene_.text(titles_[index],
                {{middle, std::round(rect.top - kGap - titles_[index].descent / 2)}, Align::centre});
  }

  void draw_below(const Rect& rect) {
    double end = rect.bottom;
    for (size_t i = 0; i < xticks_.texts.size(); i += xticks_.step) {
      const Text& text = xticks_.texts[i];
      const double middle = rect.left + (double(i) + 0.5) * width_ / double(m_.keys);
      const double half = (text.ascent - text.descent) / 2, top = rect.bottom + kTicksGap;
      TextPlace place{{middle, std::round(top + text.ascent)}, Align::centre, 0};
      if (xticks_.angle == 90) place = {{std::round(middle + half), top}, Align::right, 90};
      // Turned by 45 degrees, the upper right corner of the text is below the middle of its cell.
      const double side = text.ascent * std::sqrt(0.5);
      if (xticks_.angle == 45) place = {{middle + side / 2, top + side}, Align::right, 45};
      end = std::max(end, scene_.text(text, place).bottom);
    }
    if (xlabel_.glyphs.empty()) return;
    const Point at{(rect.left + rect.right) / 2, std::round(end + kGap / 2 + xlabel_.ascent)};
    scene_.text(xlabel_, {at, Align::centre});
  }

  void draw_left(const Rect& rect) {
    double end = rect.left;
    for (size_t i = 0; i < yticks_.texts.size(); i += yticks_.step) {
      const Text& text = yticks_.texts[i];
      const double middle = rect.top + (double(i) + 0.5) * height_ / double(m_.queries);
      const Point at{rect.left - kTicksGap - 1, std::round(middle + (text.ascent - text.descent) / 2)};
      end = std::min(end, scene_.text(text, {at, Align::right}).left);
    }
    if (ylabel_.glyphs.empty()) return;
    const Point at{std::round(end - kGap - ylabel_.descent), (rect.top + rect.bottom) / 2};
    scene_.text(ylabel_, {at, Align::centre, 90});
  }

  // As high as one matrix, beside the middle of all.
  void draw_bar() {
    constexpr int64_t kSteps = 256;
    const double middle = (rect_of(0, 0).top + rect_of(m_.rows - 1, 0).bottom) / 2;
    const double left =
        rect_of(0, m_.columns - 1).right + kBetween + std::max(across_ - kBetween - width_, 0.0) / 2;
    const double top = std::round(middle - height_ / 2);
    const Rect rect{std::round(left), top, std::round(left) + kBarWidth, top + height_};
    frame(rect);
    for (int64_t i = 0; i < kSteps; ++i) {  // the largest value on top
      const double share = double(kSteps - 1 - i) / (kSteps - 1), high = rect.height() / kSteps;
      const double upper = rect.top + double(i) * high;
      scene_.fill({rect.left, upper, rect.right, rect.bottom}, colour_of(options_.colormap, share));
    }
    Axis axis{.low = range_.low,
              .high = range_.high,
              .spacing = round_spacing(range_.high - range_.low, std::max(int(height_ / 45), 2)),
              .first = rect.bottom - 1,
              .last = rect.top};
    draw_axis(scene_, typesetter_, axis, rect, Side::right, kInk, nullptr);
  }

  const Matrices& m_;
  const FigureOptions& options_;
  Range range_;
  Typesetter typesetter_;
  double width_, height_;  // of a matrix
  std::vector<Text> titles_;
  Text xlabel_, ylabel_;
  Ticks xticks_, yticks_;
  double across_ = 0, down_ = 0;  // from one matrix to the next
  Scene scene_;
};

}  // namespace

void show_heatmaps(const std::filesystem::path& path, const Matrices& matrices,
                   const FigureOptions& options) {
  check_picture_path("show_heatmaps", path);
  check(matrices, options);
  Layout(matrices, options).write(path);
}

}  // namespace fovea
