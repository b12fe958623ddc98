// Heatmaps: where the class token of a Vision Transformer looks, and the photo lit by it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/image.hpp"

namespace fovea {

// How the tokens of a Vision Transformer stand for a picture: the class token (with a distillation token: both)
// in front, then the patches row by row.
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

// What the class token looks at in one layer, mean over the heads. attention: (heads, tokens, tokens) of one picture.
Heatmap class_attention(std::span<const float> attention, const PatchGrid& grid);

// What the class token's output is made of after all layers: attention rollout (Abnar and Zuidema 2020, section 3).
// layers: from the first on, (heads, tokens, tokens) each. Of every layer the mean over the heads A becomes
// 0.5 A + 0.5 I, for the residual connection, with rows that sum to 1; the result is row 0 of the product
// A_last .. A_first.
Heatmap attention_rollout(std::span<const std::span<const float>> layers, const PatchGrid& grid);

// The photo at its own size, dark where the map is low. seen: the part of the photo that the map covers
// (Preprocessor::seen); what lies outside is darkest. Between the patches the map is smooth. Its low tail (the
// weight most patches have) is dark, the largest weights keep the photo as it is; a map that is the same
// everywhere leaves all of `seen` lit.
Image overlay(const Image& photo, const Heatmap& map, const Region& seen);

}  // namespace fovea
