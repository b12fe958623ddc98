// The tensors of a Vision Transformer's file, whichever prefix its architecture puts before the names.
#pragma once

#include <string>
#include <vector>

#include "io/safetensors.h"

namespace fovea {

class ViTWeights {
 public:
  explicit ViTWeights(const std::string& directory);

  // By the name inside the model ("encoder.layer.0.output.dense.weight"), or of a classifier. Extents, not a
  // Shape: settings that lie may ask for more elements than a Shape can have.
  using Extents = std::vector<int64_t>;
  std::vector<float> read(const std::string& name, const Extents& expected) const;
  std::vector<float> read_if(const std::string& name, const Extents& expected) const;  // empty if absent
  bool has(const std::string& name) const { return file_.has(full(name)); }
  Extents shape(const std::string& name) const { return file_.info(full(name)).shape; }
  int64_t layers() const;  // of the encoder: those of which there is any tensor
  // "classifier", or "cls_classifier", beside which there is a "distillation_classifier", or nothing.
  std::string classifier() const;
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
