// CTranslate2 model directories: model.bin, a list of named variables, and vocabularies of one token a line.
// Source: https://github.com/OpenNMT/CTranslate2, python/ctranslate2/specs/model_spec.py writes,
// src/models/model.cc reads. Binary versions 2 to 6 are read:
//
//   u32 version, string spec, u32 revision, u32 count, then that many variables:
//     string name, u8 rank, u32 extents[rank], version >= 4: u8 dtype, u32 bytes, version < 4: u8 bytes an
//     element, u32 elements; the data
//   version >= 3: u32 count, then that many aliases: string alias, string name of a variable
//
// Numbers are little endian and not aligned; a string is a u16 length, its bytes and a zero, which counts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/core.hpp"
#include "io/file.h"
#include "io/tensor_file.h"

namespace fovea {

struct CTranslate2Variable;

// A model.bin. Opening checks all of it: afterwards every variable lies inside the file, is as long as its
// shape and dtype say, and has the scales that it needs. Errors name the file, the variable and both sides.
class CTranslate2File : public TensorFile {
 public:
  explicit CTranslate2File(File file);

  const std::string& spec() const { return spec_; }  // "TransformerSpec", ..
  uint32_t version() const { return version_; }      // of the binary format
  uint32_t revision() const { return revision_; }    // of the spec: which variables there are

  const std::string& path() const override { return file_.name(); }
  const char* word() const override { return "variable"; }
  std::vector<std::string> names() const override;  // aliases included
  bool has(const std::string& name) const override { return variables_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const override;

  // float16 and bfloat16 become float exactly. Quantised variables have a scale "<name>_scale": int8 one a
  // row, int16 one; value = stored / scale. An int16 "..weight" without one has the scale 1000, as in
  // CTranslate2. Other integers are what they are.
  std::vector<float> read_f32(const std::string& name, const Shape& expected) const override;

  // The value of a variable of one element (rank 0 or not) and any dtype; `fallback` when it is missing.
  double number(const std::string& name, double fallback) const;

 private:
  const CTranslate2Variable& find(const std::string& name) const;

  File file_;
  std::string spec_;
  uint32_t version_ = 0;
  uint32_t revision_ = 0;
  std::map<std::string, std::shared_ptr<const CTranslate2Variable>> variables_;  // aliases share theirs
};

// The tokens of <stem>.json, an array of strings, or else of <stem>.txt: one a line, only '\n' ends a line, a
// final one is optional, a '\r' before it is dropped. Neither exists: an Error, or nothing is found.
std::vector<std::string> read_vocabulary(const ModelFiles& files, const std::string& stem);
std::optional<std::vector<std::string>> find_vocabulary(const ModelFiles& files, const std::string& stem);

}  // namespace fovea
