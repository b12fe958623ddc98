// Images: 8-bit RGB in memory, read from PNG, JPEG and BMP files, and what a vision model eats of them.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "fovea/files.hpp"
#include "fovea/picture.hpp"

namespace fovea FOVEA_API {

struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // (height, width, 3)
};

// Grey and palettes become RGB, alpha is dropped, 16 bits are cut to the upper 8. A file that is truncated,
// damaged (as far as its format can tell), too large or none of the three formats is an Error that names it.
Image load_image(const std::filesystem::path& path);
Image load_image(std::span<const std::byte> bytes, const std::string& name);  // of a file in memory

// From an image to a model's input, as preprocessor_config.json of a Hugging Face directory says: resize,
// crop, rescale, normalise.
struct Preprocessor {
  bool do_resize = true;
  int resize_width = 224, resize_height = 224;
  int shortest_edge = 0;         // > 0: of the shorter side, the proportions stay, resize_* are not used
  bool round_long_edge = false;  // the longer side is rounded to nearest instead of down
  Resample resample = Resample::bilinear;
  bool do_center_crop = false;
  int crop_width = 224, crop_height = 224;
  double rescale_factor = 1.0 / 255;                                   // 1: keep 0 .. 255
  std::array<float, 3> mean{0.5f, 0.5f, 0.5f}, std{0.5f, 0.5f, 0.5f};  // of red, green, blue after rescaling

  // preprocessor_config.json of a ViT, DeiT, BiT (DINOv2) or CLIP processor, slow or fast, feature
  // extractor or image processor. `size` as one number: for ViT the square; for the others, which crop
  // afterwards, the shorter side (DeiT rounds the longer one to nearest, the others down, as
  // {"shortest_edge": n} does).
  static Preprocessor load(const ModelFiles& files);

  // What ViT does without a preprocessor_config.json: bilinear to a square, 0 .. 255 to -1 .. 1.
  static Preprocessor vit(int image_size = 224);

  // load(files); without that file as ViT does, to the size of the model's input.
  static Preprocessor for_model(const ModelFiles& files, int64_t width, int64_t height);

  void save(const std::filesystem::path& dir) const;  // dir/preprocessor_config.json, as load() reads it

  int width() const;  // of the result, pixels
  int height() const;

  // (3, height, width): each colour a plane. Error: an image that comes out in another size (no crop).
  std::vector<float> pixels(const Image& image) const;

  // The part of an image that pixels() takes: all of it, or what the crop leaves.
  Region seen(const Image& image) const;
  Region seen(int image_width, int image_height) const;
};

}  // namespace fovea
