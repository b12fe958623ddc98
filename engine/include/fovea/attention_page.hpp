// A page to look into attention: one HTML file that needs no network and works from a folder. Tokens with a
// line for each weight, photos lit where a movable patch looks, one head or all layers and heads. Of
// fovea_viz.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fovea/heatmap.hpp"

namespace fovea FOVEA_API {

// What attends to what in a text, such as a decoder to its source.
struct TextAttention {
  std::string name;                        // "decoder to source"
  std::vector<std::string> queries, keys;  // tokens
  int64_t layers = 0, heads = 0;
  std::vector<float> weights;  // (layers, heads, queries, keys)
};

struct TextView {
  std::string title;
  std::vector<TextAttention> attentions;
};

// A photo, and what the tokens of a Vision Transformer look at on it.
struct ImageView {
  std::string title;
  Image image;  // a large one is stored smaller
  PatchGrid grid;
  Region seen;  // the part of the image that the patches cover, as of Preprocessor::seen
  int64_t layers = 0, heads = 0;
  std::vector<float> weights;  // (layers, heads, tokens, tokens)
  int64_t query = 0;           // the token that looks at first: 0, the class token, or that of a patch
  std::vector<std::pair<std::string, double>> answers = {};  // labels with their probabilities
};

using AttentionView = std::variant<TextView, ImageView>;

// Views to choose from. Weights are kept as bytes: those from 0 to 1 within 0.004, small ones more closely.
// Error: no view; sizes that do not fit; a weight that is not from 0 to 1.
void attention_page(const std::filesystem::path& path, const std::string& title,
                    std::span<const AttentionView> views);

}  // namespace fovea
