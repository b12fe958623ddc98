// Ops between the texels of images, as a host has them, and a model's tensors. Texels are u32 (height,
// width); of rgba16f (height, width, 2). Nothing here has a gradient.
#pragma once

#include <array>
#include <optional>

#include "fovea/graph.hpp"
#include "fovea/host.hpp"
#include "fovea/picture.hpp"

namespace fovea FOVEA_API {

// What the numbers of texels say of light: they are proportional to it, or encoded as sRGB. Models have
// learnt from files, which are encoded.
enum class Encoding : uint8_t {
  of_format,  // linear in rgba16f, sRGB in all others
  srgb,
  linear,  // not of formats whose name says _srgb: what lies in them is encoded
};

// As Preprocessor says it, see image.hpp; to the bit what it makes of the same image in 8 bits.
struct PixelsOptions {
  TexelFormat format = TexelFormat::rgba8;
  Encoding encoding = Encoding::of_format;
  int64_t resize_width = 0, resize_height = 0;  // 0: as the image
  Resample resample = Resample::bilinear;
  int64_t left = 0, top = 0;      // of the result in the resized image; black where it reaches beyond
  int64_t width = 0, height = 0;  // of the result; 0: of the resized image
  double rescale_factor = 1.0 / 255;
  std::array<float, 3> mean{0.5f, 0.5f, 0.5f}, std{0.5f, 0.5f, 0.5f};
};
// texels -> (1, 3, height, width): red, green and blue as a model takes them. Alpha does not count; halves
// are taken in 8 bits, NaN stays NaN.
Tensor pixels(Tensor texels, const PixelsOptions& options = {});

// (rows, columns) -> (rows, columns): weights as light from 0 to 1: 0 for the lowest quarter, 1 for the
// highest fifth, between them the part of the way to the power of 0.7. All 1 where there are no differences.
Tensor light(Tensor map);

struct MapTexelsOptions {
  TexelFormat format = TexelFormat::rgba8;
  Encoding encoding = Encoding::of_format;
  int64_t width = 0, height = 0;  // of the image
  Region seen = {};               // the part of it that the map covers; without a width all of it
  // Absent: black, which a host blends over the picture: what is left of it is what overlay() of heatmap.hpp
  // makes, if encoded values are blended.
  std::optional<Colormap> colours = {};
  float alpha_dark = 0, alpha_light = 1;  // with colours: where the light is 0 and 1
};
// Light of (rows, columns) -> texels: smooth, as overlay() has it, 0 beyond the part that is seen. Alpha is
// straight: a host blends with SRC_ALPHA and ONE_MINUS_SRC_ALPHA. NaN stays NaN in halves; in bytes, which
// have none, it is black without alpha.
Tensor map_texels(Tensor light, const MapTexelsOptions& options);

}  // namespace fovea
