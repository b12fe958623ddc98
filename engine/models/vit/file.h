// Vision Transformers as they are written: config.json and model.safetensors of a Hugging Face directory.
#pragma once

#include <string>

#include "fovea/vit.hpp"

namespace fovea {

// parameters: as VisionTransformer::parameters() names them.
void save_vit(const std::string& directory, const ViTConfig& config, const Parameters& parameters,
              Storage storage);

}  // namespace fovea
