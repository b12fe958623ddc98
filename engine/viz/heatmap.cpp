#include "fovea/heatmap.hpp"

#include <numeric>

#include "core/check.h"
#include "core/extents.h"
#include "viz/grid.h"

namespace fovea {
namespace {

// (heads, tokens, tokens) -> (tokens, tokens)
std::vector<double> mean_over_heads(const char* op, std::span<const float> attention, const PatchGrid& grid) {
  const int64_t tokens = checked_tokens(op, grid);
  const size_t square = size_t(tokens * tokens);
  const size_t heads = attention.size() / square;
  FOVEA_CHECK(heads >= 1 && attention.size() % square == 0, op, ": ", attention.size(),
              " weights are no (heads, ", tokens, ", ", tokens, ")");
  std::vector<double> mean(square);
  for (size_t i = 0; i < attention.size(); ++i) mean[i % square] += double(attention[i]) / double(heads);
  return mean;
}

// (tokens) -> (rows, columns)
Heatmap patches_of(std::span<const double> row, const PatchGrid& grid) {
  const auto patches = row.subspan(size_t(grid.prefix), size_t(grid.rows * grid.columns));
  return {grid.rows, grid.columns, {patches.begin(), patches.end()}};
}

// row (0.5 A + 0.5 I), where every row of the matrix is divided by its sum. A: (tokens, tokens)
std::vector<double> through_layer(const std::vector<double>& row, std::span<const double> attention) {
  const size_t tokens = row.size();
  std::vector<double> product(tokens);
  for (size_t query = 0; query < tokens; ++query) {
    const std::span weights = attention.subspan(query * tokens, tokens);
    const double share = row[query] / std::accumulate(weights.begin(), weights.end(), 1.0);
    for (size_t key = 0; key < tokens; ++key) product[key] += share * weights[key];
    product[query] += share;
  }
  return product;
}

}  // namespace

int64_t checked_tokens(const std::string& where, const PatchGrid& grid) {
  constexpr int64_t kMost = 65536;
  const bool some = grid.rows >= 1 && grid.columns >= 1 && grid.prefix >= 1;
  FOVEA_CHECK(some && grid.prefix <= kMost &&
                  product_within({grid.rows, grid.columns}, kMost - grid.prefix).has_value(),
              where, ": a grid of ", grid.rows, " x ", grid.columns, " patches behind ", grid.prefix,
              " tokens, expected at least 1 of each and at most ", kMost, " tokens");
  return grid.tokens();
}

Heatmap class_attention(std::span<const float> attention, const PatchGrid& grid) {
  const std::vector<double> mean = mean_over_heads("class_attention", attention, grid);
  return patches_of(std::span(mean).first(size_t(grid.tokens())), grid);
}

Heatmap attention_rollout(std::span<const std::span<const float>> layers, const PatchGrid& grid,
                          const RolloutOptions& options) {
  FOVEA_CHECK(!layers.empty(), "attention_rollout: 0 layers, at least 1 is needed");
  const size_t tokens = size_t(checked_tokens("attention_rollout", grid));
  std::vector<double> looks(tokens);                       // a row of the product, which starts as I
  std::vector<double> common(tokens, 1 / double(tokens));  // the mean of its rows
  FOVEA_CHECK(options.query >= 0 && options.query < int64_t(tokens), "attention_rollout: token ",
              options.query, " looks, there are ", tokens);
  looks[size_t(options.query)] = 1;
  // From the last layer down, rows times a matrix: far less work than the product of the matrices.
  for (size_t layer = layers.size(); layer-- > 0;) {
    const std::vector<double> mean = mean_over_heads("attention_rollout", layers[layer], grid);
    looks = through_layer(looks, mean);
    if (options.contrast) common = through_layer(common, mean);
  }
  if (options.contrast)
    for (size_t token = 0; token < tokens; ++token)
      looks[token] = common[token] > 0 ? looks[token] / common[token] : 0;
  return patches_of(looks, grid);
}

}  // namespace fovea
