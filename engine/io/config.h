// Typed reading of the JSON settings beside a model (config.json, preprocessor_config.json).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "io/file.h"

namespace fovea {

// Bounds that a number must keep, both included.
template <class Number>
struct Bounds {
  Number least = std::numeric_limits<Number>::lowest();
  Number most = std::numeric_limits<Number>::max();
};

// A JSON object and where it stands. get_ returns `fallback` for a key that is missing or null, require_ does
// not; a value of another type or out of bounds is an Error that names file and key and shows what was found.
class JsonFile {
 public:
  static JsonFile load(const File& file);  // Error: not JSON, not an object

  bool has(const std::string& key) const;  // present and not null
  bool is_object(const std::string& key) const;
  bool is_string(const std::string& key) const;

  int64_t get_int(const std::string& key, int64_t fallback, Bounds<int64_t> bounds = {}) const;
  int64_t require_int(const std::string& key, Bounds<int64_t> bounds = {}) const;
  double get_float(const std::string& key, double fallback, Bounds<double> bounds = {}) const;
  double require_float(const std::string& key, Bounds<double> bounds = {}) const;
  bool get_bool(const std::string& key, bool fallback) const;
  bool require_bool(const std::string& key) const;
  std::string get_string(const std::string& key, const std::string& fallback) const;
  std::string require_string(const std::string& key) const;

  // An array of `count` numbers, or one number that stands for all.
  std::vector<double> require_floats(const std::string& key, size_t count) const;

  std::vector<std::string> require_strings(const std::string& key) const;  // an array of at least one

  // Sequences of token ids: an array of arrays, or of ids that are sequences of one; none for a missing key.
  std::vector<std::vector<uint32_t>> get_token_sequences(const std::string& key) const;

  JsonFile require_object(const std::string& key) const;  // its keys appear in messages as key.inner

  // The names of `count` classes by index, from the object id2label {"0": "tench", ..}; those without a name
  // are LABEL_i. count 0: as many as the largest index says (none without id2label).
  std::vector<std::string> labels(int64_t count = 0) const;

  const std::string& file() const { return file_; }

 private:
  JsonFile(std::string file, std::string prefix, std::shared_ptr<const nlohmann::json> object);
  const nlohmann::json& require(const std::string& key) const;
  [[noreturn]] void reject(const std::string& key, const std::string& expected) const;

  std::string file_;
  std::string prefix_;  // "" or "outer."
  std::shared_ptr<const nlohmann::json> object_;
};

}  // namespace fovea
