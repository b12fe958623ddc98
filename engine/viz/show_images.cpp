#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/extents.h"
#include "fovea/figure.hpp"
#include "io/image.h"
#include "viz/axis.h"

namespace fovea {
namespace {

constexpr double kBetween = 6;  // images

void check(const ImageSheet& sheet, const SheetOptions& options) {
  FOVEA_CHECK(sheet.rows >= 1 && sheet.columns >= 1, "show_images: ", sheet.rows, " x ", sheet.columns,
              " images, at least 1 x 1 is needed");
  FOVEA_CHECK(product_within({sheet.rows, sheet.columns}, 1 << 16) == int64_t(sheet.images.size()),
              "show_images: ", sheet.images.size(), " images for ", sheet.rows, " x ", sheet.columns);
  for (const Image& image : sheet.images) {
    check_image_size("show_images", image.width, image.height);
    FOVEA_CHECK(image.rgb.size() == size_t(image.width) * size_t(image.height) * 3,
                "show_images: ", image.width, " x ", image.height, " pixels take 3 bytes each, got ",
                image.rgb.size());
  }
  FOVEA_CHECK(options.titles.empty() || options.titles.size() == size_t(sheet.columns),
              "show_images: ", options.titles.size(), " titles for ", sheet.columns, " columns");
  FOVEA_CHECK(options.names.empty() || options.names.size() == size_t(sheet.rows),
              "show_images: ", options.names.size(), " names for ", sheet.rows, " rows");
  check_picture_sizes("show_images", {options.side, options.scale});
}

Scene::Cells cells_of(const Image& image, const Rect& rect) {
  Scene::Cells cells{rect, image.height, image.width, {}};
  for (size_t i = 0; i < image.rgb.size(); i += 3)
    cells.colours.push_back({image.rgb[i], image.rgb[i + 1], image.rgb[i + 2]});
  return cells;
}

}  // namespace

void show_images(const std::filesystem::path& path, const ImageSheet& sheet, const SheetOptions& options) {
  check_picture_path("show_images", path);
  check(sheet, options);
  const Typesetter typesetter(options.font);
  const double side = std::round(100 * options.side);
  std::vector<Text> titles;
  double across = side;
  for (const std::string& title : options.titles) {
    titles.push_back(typesetter.set(title, kLabelSize));
    across = std::max(across, titles.back().width);
  }
  across = std::ceil(across + kBetween);

  Scene scene;
  for (size_t i = 0; i < sheet.images.size(); ++i) {
    const Image& image = sheet.images[i];
    const double scale = side / std::max(image.width, image.height);
    const double left = double(i % size_t(sheet.columns)) * across,
                 top = double(i / size_t(sheet.columns)) * (side + kBetween);
    const double width = std::max(1.0, std::round(image.width * scale)),
                 height = std::max(1.0, std::round(image.height * scale));
    scene.cells(cells_of(image, {left, top, left + width, top + height}));
  }
  for (size_t i = 0; i < titles.size(); ++i)
    scene.text(titles[i], {{double(i) * across + side / 2, -kGap}, Align::centre});
  for (size_t i = 0; i < options.names.size(); ++i) {
    const Text name = typesetter.set(options.names[i], kLabelSize);
    const double middle = double(i) * (side + kBetween) + side / 2;
    scene.text(name, {{-kGap, std::round(middle + (name.ascent - name.descent) / 2)}, Align::right});
  }
  write_picture(path, scene, scene.area(kMargin), options.scale);
}

}  // namespace fovea
