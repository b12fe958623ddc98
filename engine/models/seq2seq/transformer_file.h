// Transformers as they are written: a Hugging Face directory of MarianMTModel.
#pragma once

#include <string>
#include <vector>

#include "fovea/transformer.hpp"

namespace fovea {

struct TransformerState {
  Parameters parameters;     // as Transformer::parameters() names them
  std::vector<float> shift;  // (vocab)
  bool scaled = true;        // embeddings times sqrt(width)
};
void save_transformer(const std::string& directory, const TransformerConfig& config,
                      const TransformerState& state, Storage storage);

}  // namespace fovea
