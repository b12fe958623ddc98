// Settings of Transformers as they are written: of transformers' MarianMTModel, or of our own "transformer".
#pragma once

#include <filesystem>

#include "fovea/transformer.hpp"

namespace fovea {

// Whether it is a MarianMTModel.
bool is_marian(const TransformerConfig& config);
// config.json and generation_config.json. scaled: embeddings are multiplied by sqrt(width).
void write_transformer_config(const std::filesystem::path& directory, const TransformerConfig& config,
                              bool scaled);

}  // namespace fovea
