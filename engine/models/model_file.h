// From parameters to the tensors of a model's file, and random ones to start a training with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/random.h"
#include "fovea/nn.hpp"

namespace fovea {

struct FileTensor {
  std::string name;
  Shape shape;
  std::vector<float> values;
};

// What files call a part of a layer; several names: its rows are those of each in turn (Q, K and V).
struct FileName {
  const char* ours;
  std::vector<const char*> theirs;
};

// Parameters read back from the device; parts named .ours. in their names become theirs.
std::vector<FileTensor> file_tensors(const Parameters& parameters, const std::vector<FileName>& names);

void write_tensors(const std::filesystem::path& path, const std::vector<FileTensor>& tensors,
                   Storage storage = Storage::f32);

// Tensors of a model that has learnt nothing yet. Each draws from a stream of its own.
class FreshTensors {
 public:
  explicit FreshTensors(uint64_t seed) : seed_(seed) {}

  void normal(const std::string& name, const Shape& shape, double deviation);  // cut off at 2 deviations
  // name.weight (out, in), uniform as Glorot and Bengio 2010, eq. 16, and name.bias, zeros
  void linear(const std::string& name, int64_t out, int64_t in);
  void norm(const std::string& name, int64_t width);  // name.weight: ones, name.bias: zeros
  void constant(const std::string& name, const Shape& shape, float value);

  const std::vector<FileTensor>& all() const { return tensors_; }

 private:
  Random stream() const { return Random(seed_, {kRandomWeights, tensors_.size()}); }
  uint64_t seed_;
  std::vector<FileTensor> tensors_;
};

}  // namespace fovea
