// From a picture to what a vision model eats, as preprocessor_config.json of a Hugging Face directory says.
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "fovea/core.hpp"
#include "io/image.h"
#include "io/resize.h"

namespace fovea {

// The steps in their order: resize, crop, rescale, normalise.
struct Preprocessor {
  bool do_resize = true;
  int resize_width = 224, resize_height = 224;
  int shortest_edge = 0;         // > 0: the shorter side becomes this, the proportions stay, resize_* are not used
  bool round_long_edge = false;  // the longer side is rounded to nearest instead of down
  Resample resample = Resample::bilinear;
  bool do_center_crop = false;
  int crop_width = 224, crop_height = 224;
  double rescale_factor = 1.0 / 255;  // 1: keep 0 .. 255
  std::array<float, 3> mean{0.5f, 0.5f, 0.5f}, std{0.5f, 0.5f, 0.5f};  // of red, green, blue after rescaling

  // dir/preprocessor_config.json of a ViT, DeiT, BiT (DINOv2) or CLIP processor, slow or fast, feature extractor or
  // image processor. `size` as one number: for ViT the square; for the others, which crop afterwards, the shorter
  // side (DeiT rounds the longer one to nearest, the others down, as {"shortest_edge": n} does).
  static Preprocessor load(const std::filesystem::path& dir);

  // What ViT does without a preprocessor_config.json: bilinear to a square, 0 .. 255 to -1 .. 1.
  static Preprocessor vit(int image_size = 224);

  int width() const;  // of the result, pixels
  int height() const;

  // (3, height, width): each colour a plane. Error: a picture that comes out in another size (only without crop).
  std::vector<float> pixels(const Image& image) const;
};

}  // namespace fovea
