// What a token of a Vision Transformer looks at, by way of host memory.
#pragma once

#include "fovea/heatmap.hpp"
#include "fovea/vit.hpp"

namespace fovea::test {

// What a token looks at, from weights (heads, tokens, tokens) of each layer in host memory.
inline Heatmap heatmap_of(const ViTResult& result, const ViTConfig& config, const ViTLook& look) {
  const int64_t tokens = config.tokens(), rows = config.height / config.patch,
                columns = config.width / config.patch;
  const int64_t layer = look.layer < 0 ? config.depth + look.layer : look.layer;
  Heatmap map{rows, columns, std::vector<float>(size_t(rows * columns))};
  const int64_t first = look.head < 0 ? 0 : look.head, last = look.head < 0 ? config.heads : look.head + 1;
  for (int64_t head = first; head < last; ++head)
    for (int64_t patch = 0; patch < rows * columns; ++patch) {
      const int64_t at = (head * tokens + look.query) * tokens + tokens - rows * columns + patch;
      map.weights[size_t(patch)] += result.attentions[size_t(layer)][size_t(at)] / float(last - first);
    }
  return map;
}

}  // namespace fovea::test
