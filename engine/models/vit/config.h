// config.json of model_type vit or deit.
#pragma once

#include "fovea/vit.hpp"
#include "models/vit/weights.h"

namespace fovea {

// Reads and checks the settings. Whether there are a distillation token and a classifier, the weights tell.
ViTConfig read_vit_config(const std::string& directory, const ViTWeights& weights);

// Error, which begins with `where`: sizes that no model can have, by their names in config.json.
void check_vit_sizes(const std::string& where, const ViTConfig& config);

}  // namespace fovea
