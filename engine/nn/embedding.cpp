#include <cmath>

#include "core/check.h"
#include "fovea/nn.hpp"

namespace fovea {

Tensor Embedding::rows(Tensor ids) const {
  const Tensor x = embedding(ids.graph->use(parts_.tokens, "tokens"), ids);  // (.., width)
  return parts_.scale == 1 ? x : scale(x, parts_.scale);
}

Tensor Embedding::operator()(Tensor ids, Tensor types) const {
  Graph& graph = *ids.graph;
  FOVEA_CHECK(ids.shape().rank() == 2, "embedding: ids ", ids.shape(), " are not (batch, tokens)");
  const int64_t tokens = ids.shape()[1];
  FOVEA_CHECK(!types || (parts_.types && types.shape() == ids.shape()), "embedding: types ",
              types ? to_string(types.shape()) : "", " of ids ", ids.shape(), ", the model has ",
              parts_.types ? parts_.types->shape()[0] : 0, " types");
  Tensor x = rows(ids);  // (batch, tokens, width)
  if (parts_.types) {
    const Tensor table = graph.use(*parts_.types, "types");
    x = add(x, types ? embedding(table, types) : slice(table, 0, 0, 1));
  }
  if (parts_.positions) {
    const int64_t most = parts_.positions->shape()[0];
    FOVEA_CHECK(tokens <= most, "embedding: ", tokens, " tokens, the model has ", most, " positions");
    x = add(x, slice(graph.use(*parts_.positions, "positions"), 0, 0, tokens));
  }
  return parts_.norm ? (*parts_.norm)(x) : x;
}

Tensor Embedding::step(Tensor ids, Tensor place) const {
  FOVEA_CHECK(!parts_.types, "embedding: a step of a model with types");
  Tensor x = rows(ids);  // (rows, width)
  if (parts_.positions) x = add(x, embedding(ids.graph->use(*parts_.positions, "positions"), place));
  return parts_.norm ? (*parts_.norm)(x) : x;
}

void Embedding::parameters(const std::string& name, Parameters& to) {
  to.push_back({name + ".weight", &parts_.tokens});
  if (parts_.positions && parts_.learned_positions) to.push_back({name + ".positions", &*parts_.positions});
  if (parts_.types) to.push_back({name + ".types", &*parts_.types});
  if (parts_.norm) parts_.norm->parameters(name + ".norm", to);
}

std::vector<float> sinusoids(int64_t count, int64_t width, const Sinusoids& what) {
  FOVEA_CHECK(width % 2 == 0 && width >= 4, "sinusoids: a width of ", width, " is not even, or below 4");
  const int64_t half = width / 2;
  std::vector<float> table(size_t(count * width));
  for (int64_t row = 0; row < count; ++row)
    for (int64_t i = 0; i < half; ++i) {
      const double turn = double(i) / double(what.to_the_end ? half - 1 : half);
      const double angle = double(what.first + row) * std::pow(10000.0, -turn);
      table[size_t(row * width + (what.interleaved ? 2 * i : i))] = float(std::sin(angle));
      table[size_t(row * width + (what.interleaved ? 2 * i + 1 : half + i))] = float(std::cos(angle));
    }
  return table;
}

}  // namespace fovea
