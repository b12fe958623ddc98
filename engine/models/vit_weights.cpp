#include "models/vit_weights.h"

namespace fovea {

ViTWeights::ViTWeights(const std::string& directory) : file_(std::filesystem::path(directory) / "model.safetensors") {
  for (const char* prefix : {"vit.", "deit."})
    if (file_.has(std::string(prefix) + "embeddings.cls_token")) prefix_ = prefix;
}

std::string ViTWeights::full(const std::string& name) const {
  return name.find("classifier") != std::string::npos ? name : prefix_ + name;
}

std::vector<float> ViTWeights::read(const std::string& name, const Shape& shape) const {
  return file_.read_f32(full(name), shape);
}

std::vector<float> ViTWeights::read_if(const std::string& name, const Shape& shape) const {
  return has(name) ? read(name, shape) : std::vector<float>();
}

}  // namespace fovea
