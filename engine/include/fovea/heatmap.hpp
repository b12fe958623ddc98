// Heatmaps: where the class token of a Vision Transformer looks, and the image lit by it. Of fovea_viz.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/image.hpp"

namespace fovea FOVEA_API {

// How the tokens of a Vision Transformer stand for an image: the class token (and a distillation token) in
// front, then the patches row by row.
struct PatchGrid {
  int64_t rows = 14, columns = 14;
  int64_t prefix = 1;  // tokens in front of the patches
  int64_t tokens() const { return prefix + rows * columns; }
};

// A weight >= 0 for each patch.
struct Heatmap {
  int64_t rows = 0, columns = 0;
  std::vector<float> weights;  // (rows, columns)
};

// What the class token looks at in one layer, the mean over the heads.
// attention: (heads, tokens, tokens), of one image.
Heatmap class_attention(std::span<const float> attention, const PatchGrid& grid);

struct RolloutOptions {
  // Divided by the mean over all tokens: how much more the class token looks at a patch than tokens do in
  // general. Without it small models show their habits (the corners, patches that store something) more than
  // the object.
  bool contrast = false;
  int64_t query = 0;  // the token that looks, if it is not the class token
};

// What the class token is made of after all layers: attention rollout (Abnar and Zuidema 2020, section 3).
// layers: (heads, tokens, tokens) each, the first layer first. In every layer the mean over the heads, A,
// becomes 0.5 A + 0.5 I, for the residual connection, with rows that sum to 1; the map is row 0 of their
// product A_last .. A_first.
Heatmap attention_rollout(std::span<const std::span<const float>> layers, const PatchGrid& grid,
                          const RolloutOptions& options = {});

// The image at its own size, darkened where the map is low. seen: the part of the image that the map covers,
// as of Preprocessor::seen; around it the image is darkest. The map is made smooth; its lowest quarter is
// dark, its highest fifth keeps the image's light. A map that is the same everywhere is lit everywhere.
Image overlay(const Image& image, const Heatmap& map, const Region& seen);

}  // namespace fovea
