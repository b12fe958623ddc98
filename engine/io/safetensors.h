// The safetensors format: 8 bytes header length, a JSON header, then the tensors' bytes without gaps.
// Source: https://github.com/huggingface/safetensors (rules as its reference implementation enforces them).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "fovea/core.hpp"
#include "io/file.h"
#include "io/tensor_file.h"

namespace fovea {

// A file of named tensors. Opening checks the whole header: afterwards every tensor lies inside the file and
// is as long as its shape and dtype say. Errors name the file, the tensor and both sides.
class SafeTensors : public TensorFile {
 public:
  struct Info {
    std::string dtype;                 // as in the file: F32, F16, BF16, I64, ..
    std::vector<int64_t> shape;        // outermost first; an extent may be 0
    std::span<const std::byte> bytes;  // little endian, not aligned; valid while the SafeTensors lives
  };

  explicit SafeTensors(File file);

  const std::string& path() const override { return file_.name(); }
  const char* word() const override { return "tensor"; }
  std::vector<std::string> names() const override;
  bool has(const std::string& name) const override { return tensors_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const override { return info(name).shape; }
  const Info& info(const std::string& name) const;  // Error when missing: shows the names most like it
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  // F16 and BF16 become float exactly.
  std::vector<float> read_f32(const std::string& name, const Shape& expected) const override;

 private:
  File file_;
  std::map<std::string, Info> tensors_;
  std::map<std::string, std::string> metadata_;
};

struct NamedTensor {
  std::string name;
  Shape shape;
  std::span<const float> data;  // row-major, as many as the shape has elements
};

// Writes tensors sorted by name, 8-byte aligned as a whole, atomically. Names must differ. f16: rounded to
// nearest; a value beyond 65504 is an Error.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {},
                       Storage storage = Storage::f32);

}  // namespace fovea
