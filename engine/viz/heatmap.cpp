#include "fovea/heatmap.hpp"

#include "core/check.h"

namespace fovea {
namespace {

// (heads, tokens, tokens) -> (tokens, tokens)
std::vector<double> mean_over_heads(const char* op, std::span<const float> attention, const PatchGrid& grid) {
  FOVEA_CHECK(grid.rows >= 1 && grid.columns >= 1 && grid.prefix >= 1, op, ": a grid of ", grid.rows, " x ",
              grid.columns, " patches behind ", grid.prefix, " tokens");
  const size_t square = size_t(grid.tokens() * grid.tokens());
  const size_t heads = attention.size() / square;
  FOVEA_CHECK(heads >= 1 && attention.size() % square == 0, op, ": ", attention.size(),
              " weights are no (heads, ", grid.tokens(), ", ", grid.tokens(), ")");
  std::vector<double> mean(square);
  for (size_t i = 0; i < attention.size(); ++i) mean[i % square] += double(attention[i]) / double(heads);
  return mean;
}

// (tokens) -> (rows, columns)
Heatmap patches_of(std::span<const double> row, const PatchGrid& grid) {
  const auto patches = row.subspan(size_t(grid.prefix), size_t(grid.rows * grid.columns));
  return {grid.rows, grid.columns, {patches.begin(), patches.end()}};
}

}  // namespace

Heatmap class_attention(std::span<const float> attention, const PatchGrid& grid) {
  const std::vector<double> mean = mean_over_heads("class_attention", attention, grid);
  return patches_of(std::span(mean).first(size_t(grid.tokens())), grid);
}

Heatmap attention_rollout(std::span<const std::span<const float>> layers, const PatchGrid& grid) {
  FOVEA_CHECK(!layers.empty(), "attention_rollout: no layers");
  const size_t tokens = size_t(grid.tokens());
  std::vector<double> row(tokens);  // row 0 of the product so far, which starts as I
  row[0] = 1;
  // From the last layer down, a row times a matrix: tokens times less work than the product of matrices.
  for (size_t layer = layers.size(); layer-- > 0;) {
    const std::vector<double> mean = mean_over_heads("attention_rollout", layers[layer], grid);
    std::vector<double> next(tokens);
    for (size_t query = 0; query < tokens; ++query) {
      const std::span weights = std::span(mean).subspan(query * tokens, tokens);
      double sum = 1;  // of the residual and the weights, each half of it
      for (const double weight : weights) sum += weight;
      const double share = row[query] / sum;
      for (size_t key = 0; key < tokens; ++key) next[key] += share * weights[key];
      next[query] += share;
    }
    row = std::move(next);
  }
  return patches_of(row, grid);
}

}  // namespace fovea
