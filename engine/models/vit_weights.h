// The tensors of a Vision Transformer's file, whichever prefix its architecture puts before the names.
#pragma once

#include <string>
#include <vector>

#include "io/safetensors.h"

namespace fovea {

class ViTWeights {
 public:
  explicit ViTWeights(const std::string& directory);

  // By the name inside the model ("encoder.layer.0.output.dense.weight"), or of a classifier.
  std::vector<float> read(const std::string& name, const Shape& shape) const;
  std::vector<float> read_if(const std::string& name, const Shape& shape) const;  // empty when there is none
  bool has_head(const std::string& name) const { return file_.has(name); }
  bool has(const std::string& name) const { return file_.has(full(name)); }
  std::vector<int64_t> shape(const std::string& name) const { return file_.info(full(name)).shape; }

 private:
  std::string full(const std::string& name) const;

  SafeTensors file_;
  std::string prefix_;  // "vit.", "deit." or nothing
};

}  // namespace fovea
