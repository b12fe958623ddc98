// One table for each family of models says where the tensors of its network lie in a file, and how they
// begin. What is loaded, saved or made fresh goes through it: a tensor without a row is an Error of them all.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "fovea/files.hpp"
#include "fovea/nn.hpp"
#include "io/tensor_file.h"

namespace fovea {

// How a tensor of a model that has learnt nothing yet is filled.
struct Beginning {
  enum class Kind : uint8_t {
    constant,  // value
    absent,    // an optional tensor that a fresh file lacks
    normal,    // of deviation `value`, cut off at 2 deviations
    uniform,   // between -value and value
    glorot     // of a matrix (out, in): uniform, as Glorot and Bengio 2010, eq. 16
  };
  Kind kind = Kind::constant;
  double value = 0;
};

// A tensor of the file. Rows of one name follow one another in the network's tensor, along its first axis.
struct TensorRow {
  std::string name;  // in the network, as parameters() gives it
  std::string in_file;
  std::vector<int64_t> shape;  // in the file; extents, not a Shape: settings that lie may ask for any
  Beginning beginning = {};
  bool optional = false;    // a file may lack it, and a network the tensor
  bool transposed = false;  // the file holds a matrix (in, out)
};

// What a format puts behind the name of a layer for each of its tensors.
struct Suffixes {
  const char *weight, *bias;            // of a product
  const char *norm_weight, *norm_bias;  // of a normalisation
};
constexpr Suffixes kHuggingFace{".weight", ".bias", ".weight", ".bias"};
constexpr Suffixes kCTranslate2{"/weight", "/bias", "/gamma", "/beta"};

// Rows in the order of the file: a fresh tensor's random numbers are those of its place in the table.
class TensorTable {
 public:
  explicit TensorTable(const Suffixes& suffixes = kHuggingFace) : suffixes_(suffixes) {}

  struct Product {
    int64_t out = 0, in = 0;
    bool optional_bias = false, transposed = false;
    bool fresh_bias = true;  // a fresh file has it; where not, it must be optional
  };
  void add(TensorRow row) { rows_.push_back(std::move(row)); }
  // name.weight (out, in) and name.bias (out), in as many equal parts as there are names in the file, such as
  // those of Q, K and V.
  void linear(const std::string& name, const std::vector<std::string>& in_file, const Product& product);
  void norm(const std::string& name, const std::string& in_file, int64_t width);  // name.weight, name.bias

  const std::vector<TensorRow>& rows() const { return rows_; }
  std::vector<const TensorRow*> rows_of(const std::string& name) const;  // Error: none

 private:
  Suffixes suffixes_;
  std::vector<TensorRow> rows_;
};

// A file seen through a table: tensors by the names of the network, each read when it is asked for. Both must
// outlive it. Errors name the file, the tensor as the file calls it, and both shapes.
class TensorSource {
 public:
  // load: hears, whenever a tensor is asked for, how much of the table's was read before.
  TensorSource(const TensorTable& table, const TensorFile& file, const LoadOptions& load = {});

  struct Host {
    Shape shape;                // of the parts together
    std::vector<float> values;  // row by row
  };
  bool has(const std::string& name) const;   // any part of it; Error: no row
  Host read(const std::string& name) const;  // optional parts that the file lacks are zeros

 private:
  const TensorTable& table_;
  const TensorFile& file_;
  LoadOptions load_;
  double all_ = 0;                      // elements that the file has for the table
  mutable double done_ = 0;             // of them, read
  mutable std::set<std::string> read_;  // names in the network
};

// Tensors: a network's, parameters and what else its file holds.
void save_tensors(const std::filesystem::path& path, const TensorTable& table, const Parameters& tensors,
                  Storage storage);

void write_fresh_tensors(const std::filesystem::path& path, const TensorTable& table, uint64_t seed);

}  // namespace fovea
