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
  bool has(const std::string& name) const { return file_.has(full(name)); }
  std::vector<int64_t> shape(const std::string& name) const { return file_.info(full(name)).shape; }
  int64_t layers() const;  // of the encoder: those of which there is any tensor
  std::string classifier()
      const;  // "classifier", "cls_classifier" (with a "distillation_classifier"), or nothing
  std::string file() const { return path_.string(); }
  std::string where(const std::string& name) const;  // for messages: FILE: tensor "NAME"

 private:
  bool has_any(const std::string& start) const;  // a tensor whose name in the file begins so
  std::string full(const std::string& name) const;

  std::filesystem::path path_;
  SafeTensors file_;
  std::vector<std::string> names_;  // sorted
  std::string prefix_;              // "vit.", "deit." or nothing
};

}  // namespace fovea
