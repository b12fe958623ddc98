#include "nn/relative.h"

#include <algorithm>

#include "core/check.h"

namespace fovea {
namespace {

// The vectors of all pairs, (tokens, tokens, head_dim); half 0: for keys, 1: for values.
Tensor vectors(Graph& graph, const RelativePositions& relative, int64_t half, int64_t tokens) {
  const Shape& shape = relative.table.shape();
  FOVEA_CHECK(tokens <= relative.distances->shape()[0], "relative positions: ", tokens, " tokens, known are ",
              relative.distances->shape()[0]);
  const Tensor table = slice(graph.use(relative.table, "relative"), 0, half, 1);
  const Tensor ids = slice(slice(graph.use(*relative.distances, "distances"), 0, 0, tokens), 1, 0, tokens);
  return embedding(reshape(table, {shape[1], shape[2]}), ids);
}

// A query's row of every sequence and head meets the vectors of that query: x (batch, heads, tokens, n) times
// y (tokens, n, m), a product for each token, -> (batch, heads, tokens, m)
Tensor product_by_token(Tensor x, Tensor y) {
  const Shape s = x.shape();
  const Tensor rows = reshape(permute(x, {2, 0, 1, 3}), {s[2], s[0] * s[1], s[3]});
  const Tensor made = matmul(rows, y);  // (tokens, batch * heads, m)
  return permute(reshape(made, {s[2], s[0], s[1], y.shape()[2]}), {1, 2, 0, 3});
}

}  // namespace

State relative_distances(Device& device, int64_t positions, int64_t reach) {
  std::vector<uint32_t> rows;
  for (int64_t i = 0; i < positions; ++i)
    for (int64_t j = 0; j < positions; ++j)
      rows.push_back(uint32_t(std::clamp(j - i, -reach, reach) + reach));
  State state(device, {positions, positions}, DType::u32);
  state.write(std::span<const uint32_t>(rows));
  return state;
}

Tensor relative_scores(Tensor q, Tensor k, const RelativePositions& relative) {
  FOVEA_CHECK(q.shape()[2] == k.shape()[2], "relative positions: ", q.shape()[2], " queries and ",
              k.shape()[2], " keys are not one sequence");
  const Tensor keys = vectors(*q.graph, relative, 0, q.shape()[2]);  // (tokens, tokens, head_dim)
  return product_by_token(q, transpose(keys));
}

Tensor relative_values(Tensor weights, const RelativePositions& relative) {
  return product_by_token(weights, vectors(*weights.graph, relative, 1, weights.shape()[2]));
}

}  // namespace fovea
