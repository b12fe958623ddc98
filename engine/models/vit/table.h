// Where the tensors of a Vision Transformer lie in a file.
#pragma once

#include "fovea/vit.hpp"
#include "models/tensor_table.h"

namespace fovea {

// What the settings do not say of it.
struct ViTLayout {
  std::string prefix;      // of the names inside the model: "vit.", "deit." or nothing
  std::string classifier;  // "classifier", or "cls_classifier" beside a "distillation_classifier", or nothing
};
ViTLayout layout_of(const TensorFile& file);
ViTLayout usual_layout(const ViTConfig& config);  // of what is written fresh

// Names of the network have the usual prefix whatever the file's. What is optional: the biases of Q, K and V.
TensorTable vit_table(const ViTConfig& config, const ViTLayout& layout);

std::string layer_name(const std::string& prefix, int64_t layer);  // in the network and in files

}  // namespace fovea
