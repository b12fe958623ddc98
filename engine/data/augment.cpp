#include "data/augment.h"

#include <algorithm>
#include <cmath>

#include "io/resize.h"

namespace fovea {
namespace {

constexpr double kLeastRatio = 3.0 / 4, kGreatestRatio = 4.0 / 3;  // width / height

struct Part {
  int left, top, width, height;
};

Part random_part(const Image& image, const std::array<double, 2>& area, Random& random) {
  const double pixels = double(image.width) * image.height;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double wanted = pixels * (area[0] + (area[1] - area[0]) * random.uniform());
    const double log_ratio =
        std::log(kLeastRatio) + (std::log(kGreatestRatio) - std::log(kLeastRatio)) * random.uniform();
    const auto width = int64_t(std::lround(std::sqrt(wanted * std::exp(log_ratio))));
    const auto height = int64_t(std::lround(std::sqrt(wanted / std::exp(log_ratio))));
    if (width < 1 || height < 1 || width > image.width || height > image.height) continue;
    return {int(random.below(uint64_t(image.width - width + 1))),
            int(random.below(uint64_t(image.height - height + 1))), int(width), int(height)};
  }
  const double ratio = std::clamp(double(image.width) / image.height, kLeastRatio, kGreatestRatio);
  const int width = std::clamp(int(std::lround(image.height * ratio)), 1, image.width);
  const int height = std::clamp(int(std::lround(image.width / ratio)), 1, image.height);
  return {(image.width - width) / 2, (image.height - height) / 2, width, height};
}

}  // namespace

Image random_resized_crop(const Image& image, const ImageOptions& options, Random& random) {
  const Part part = random_part(image, options.crop_area, random);
  Image cut{part.width, part.height, {}};
  cut.rgb.reserve(size_t(part.width) * size_t(part.height) * 3);
  for (int y = part.top; y < part.top + part.height; ++y) {
    const auto row = image.rgb.begin() + (int64_t(y) * image.width + part.left) * 3;
    cut.rgb.insert(cut.rgb.end(), row, row + int64_t(part.width) * 3);
  }
  return resize(cut, options.size, options.size, Resample::bilinear);
}

Image fit(Image image, int size) {
  if (image.width == size && image.height == size) return image;
  const int64_t shorter = std::min(image.width, image.height);
  const auto scaled = [&](int side) { return int(int64_t(side) * size / shorter); };
  return center_crop(resize(image, scaled(image.width), scaled(image.height), Resample::bilinear), size,
                     size);
}

}  // namespace fovea
