// A file of named tensors, in whatever format: what models read their weights from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/core.hpp"

namespace fovea {

class TensorFile {
 public:
  virtual ~TensorFile() = default;

  virtual const std::string& path() const = 0;
  virtual const char* word() const = 0;                // the format's, for a tensor in messages
  virtual std::vector<std::string> names() const = 0;  // sorted
  virtual bool has(const std::string& name) const = 0;
  // Outermost first; an extent may be 0, and there may be more elements than a Shape can have.
  virtual std::vector<int64_t> shape(const std::string& name) const = 0;  // Error when missing
  // Row by row. Another shape, or a dtype that cannot become float, is an Error.
  virtual std::vector<float> read_f32(const std::string& name, const Shape& expected) const = 0;

  bool has_any(const std::string& start) const;      // a tensor whose name begins so
  std::string where(const std::string& name) const;  // for messages: FILE: tensor "NAME"
};

}  // namespace fovea
