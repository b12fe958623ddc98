#include "io/preprocess.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/check.h"
#include "core/resample.h"
#include "fovea/image.hpp"
#include "io/config.h"
#include "io/image.h"
#include "io/json.h"
#include "io/resize.h"

namespace fovea {
namespace {

constexpr const char* kSettings = "preprocessor_config.json";
constexpr Bounds<int64_t> kSide{1, kMaxImageSide};

// What a processor does where its file is silent, and how it reads a `size` that is one number.
struct Defaults {
  std::string_view type;
  bool crops;  // then one number is the shorter side, otherwise the square
  int size;
  Resample resample;
  bool round_long_edge;
  bool knows_mean;  // 0.5 for both mean and deviation; otherwise the file must say
};
constexpr Defaults kDefaults[] = {
    {"ViT", false, 224, Resample::bilinear, false, true},
    {"DeiT", true, 256, Resample::bicubic, true, true},
    {"Bit", true, 224, Resample::bicubic, false, false},
    {"CLIP", true, 224, Resample::bicubic, false, false},
};

// "ViTImageProcessorFast" and "ViTFeatureExtractor" are both ViT.
const Defaults& defaults_of(const JsonFile& config) {
  const std::string older = config.get_string("feature_extractor_type", "ViTImageProcessor");
  const std::string full = config.get_string("image_processor_type", older);
  std::string_view type = full;
  for (const std::string_view ending : {"Fast", "ImageProcessor", "FeatureExtractor"})
    if (type.ends_with(ending)) type.remove_suffix(ending.size());
  const auto found = std::ranges::find(kDefaults, type, &Defaults::type);
  FOVEA_CHECK(found != std::end(kDefaults), config.file(),
              ": image_processor_type: expected ViT, DeiT, Bit or CLIP, got ", in_quotes(full));
  return *found;
}

int require_side(const JsonFile& config, const std::string& key) {
  return int(config.require_int(key, kSide));
}

void read_size(const JsonFile& config, const Defaults& defaults, Preprocessor& steps) {
  if (config.is_object("size")) {
    const JsonFile size = config.require_object("size");
    FOVEA_CHECK(!size.has("longest_edge"), config.file(),
                ": size.longest_edge is not supported, expected height and width, or shortest_edge alone");
    if (size.has("shortest_edge")) {
      steps.shortest_edge = require_side(size, "shortest_edge");
    } else {
      steps.resize_height = require_side(size, "height");
      steps.resize_width = require_side(size, "width");
    }
    return;
  }
  const int size = int(config.get_int("size", defaults.size, kSide));
  steps.resize_height = steps.resize_width = size;
  if (defaults.crops) {
    steps.shortest_edge = size;
    steps.round_long_edge = defaults.round_long_edge;
  }
}

void read_crop(const JsonFile& config, const Defaults& defaults, Preprocessor& steps) {
  steps.do_center_crop = config.get_bool("do_center_crop", defaults.crops);
  if (config.is_object("crop_size")) {
    const JsonFile size = config.require_object("crop_size");
    steps.crop_height = require_side(size, "height");
    steps.crop_width = require_side(size, "width");
  } else {
    steps.crop_height = steps.crop_width = int(config.get_int("crop_size", 224, kSide));
  }
}

void read_normalisation(const JsonFile& config, const Defaults& defaults, Preprocessor& steps) {
  steps.rescale_factor = config.get_float("rescale_factor", steps.rescale_factor);
  if (!config.get_bool("do_rescale", true)) steps.rescale_factor = 1;
  if (!config.get_bool("do_normalize", true)) {
    steps.mean = {0, 0, 0};
    steps.std = {1, 1, 1};
    return;
  }
  if (config.has("image_mean") || !defaults.knows_mean)
    std::ranges::copy(config.require_floats("image_mean", 3), steps.mean.begin());
  if (config.has("image_std") || !defaults.knows_mean)
    std::ranges::copy(config.require_floats("image_std", 3), steps.std.begin());
  for (const float deviation : steps.std)
    FOVEA_CHECK(std::isnormal(deviation) && deviation > 0, config.file(),
                ": image_std: expected numbers above 0, got ", deviation);
}

Preprocessor steps_of(const JsonFile& config) {
  const Defaults& defaults = defaults_of(config);
  Preprocessor steps;
  steps.do_resize = config.get_bool("do_resize", true);
  read_size(config, defaults, steps);
  steps.resample = Resample(config.get_int("resample", int(defaults.resample), {0, 3}));
  read_crop(config, defaults, steps);
  read_normalisation(config, defaults, steps);
  return steps;
}

}  // namespace

Preprocessor Preprocessor::load(const ModelFiles& files) {
  return from_file([&] { return steps_of(JsonFile::load(files.open(kSettings))); });
}

Preprocessor Preprocessor::vit(int image_size) {
  Preprocessor steps;
  steps.resize_width = steps.resize_height = image_size;
  return steps;
}

Preprocessor Preprocessor::for_model(const ModelFiles& files, int64_t width, int64_t height) {
  return from_file([&] {
    Preprocessor steps;
    steps.resize_width = int(width);
    steps.resize_height = int(height);
    const std::optional<File> settings = files.find(kSettings);
    return settings ? steps_of(JsonFile::load(*settings)) : steps;
  });
}

void Preprocessor::save(const std::filesystem::path& dir) const {
  FOVEA_CHECK(shortest_edge == 0 && !do_center_crop,
              "preprocess: save() writes a ViT processor, shortest_edge 0 and do_center_crop 0, got ",
              shortest_edge, " and ", do_center_crop);
  const nlohmann::ordered_json json = {{"image_processor_type", "ViTImageProcessor"},
                                       {"do_resize", do_resize},
                                       {"size", {{"height", resize_height}, {"width", resize_width}}},
                                       {"resample", int(resample)},
                                       {"do_rescale", rescale_factor != 1},
                                       {"rescale_factor", rescale_factor},
                                       {"do_normalize", true},
                                       {"image_mean", mean},
                                       {"image_std", std}};
  write_json(dir / kSettings, json);
}

int Preprocessor::width() const {
  if (do_center_crop) return crop_width;
  return shortest_edge > 0 ? shortest_edge : resize_width;
}

int Preprocessor::height() const {
  if (do_center_crop) return crop_height;
  return shortest_edge > 0 ? shortest_edge : resize_height;
}

Placement placement_of(const Preprocessor& steps, int64_t width, int64_t height) {
  check_image_size("preprocess", width, height);
  Placement made{width, height};
  if (steps.do_resize && steps.shortest_edge == 0) {
    made.width = steps.resize_width;
    made.height = steps.resize_height;
  } else if (steps.do_resize) {
    const int64_t shorter = std::min(width, height);
    const auto scaled = [&](int64_t side) {
      const int64_t product = steps.shortest_edge * side;
      return (product + (steps.round_long_edge ? shorter / 2 : 0)) / shorter;
    };
    made.width = scaled(width);
    made.height = scaled(height);
  }
  check_image_size("preprocess", made.width, made.height);
  if (steps.do_center_crop) {
    const auto half_down = [](int64_t value) { return (value - (value < 0)) / 2; };
    made.left = half_down(made.width - steps.crop_width);
    made.top = half_down(made.height - steps.crop_height);
  }
  const bool fits = steps.do_center_crop || (made.width == steps.width() && made.height == steps.height());
  FOVEA_CHECK(fits, "preprocess: expected ", steps.width(), " x ", steps.height(), " pixels, got ",
              made.width, " x ", made.height);
  return made;
}

std::vector<float> Preprocessor::pixels(const Image& image) const {
  const Placement place = placement_of(*this, image.width, image.height);
  Image made = do_resize ? resize(image, int(place.width), int(place.height), resample) : image;
  if (do_center_crop) made = center_crop(made, crop_width, crop_height);

  const size_t plane = size_t(made.width) * size_t(made.height);
  std::vector<float> pixels(3 * plane);  // (3, height, width)
  for (size_t colour = 0; colour < 3; ++colour) {
    const std::array<float, 256> value_of_byte = normalised_bytes(rescale_factor, mean[colour], std[colour]);
    for (size_t i = 0; i < plane; ++i) pixels[colour * plane + i] = value_of_byte[made.rgb[3 * i + colour]];
  }
  return pixels;
}

Region Preprocessor::seen(const Image& image) const { return seen(image.width, image.height); }

Region Preprocessor::seen(int image_width, int image_height) const {
  check_image_size("preprocess", image_width, image_height);
  if (!do_center_crop) return {0, 0, double(image_width), double(image_height)};
  const Placement place = placement_of(*this, image_width, image_height);
  const double across = double(image_width) / double(place.width);  // pixels of the image a resized pixel
  const double down = double(image_height) / double(place.height);
  return {double(place.left) * across, double(place.top) * down, crop_width * across, crop_height * down};
}

}  // namespace fovea
