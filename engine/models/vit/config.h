// config.json of model_type vit or deit.
#pragma once

#include <filesystem>

#include "models/vit/table.h"

namespace fovea {

// Reads and checks the settings. Whether there are a distillation token and a classifier, the weights tell.
ViTConfig read_vit_config(const ModelFiles& files, const TensorFile& weights, const ViTLayout& layout);
void write_vit_config(const std::filesystem::path& directory, const ViTConfig& config, bool qkv_bias);

// Error, which begins with `where`: sizes that no model can have, by their names in config.json.
void check_vit_sizes(const std::string& where, const ViTConfig& config);

}  // namespace fovea
