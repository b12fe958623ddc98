// What the convolutional networks share: rows of their tables, layers from them, and the plans of run().
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "fovea/cnn.hpp"
#include "fovea/conv.hpp"
#include "io/config.h"
#include "models/layers.h"

namespace fovea {

// The shape of a convolution's weight.
struct ConvRow {
  int64_t out = 0, in = 0, kernel = 3;
};
void add_conv(TensorTable& table, const std::string& name, const ConvRow& row);         // .weight, .bias
void add_normed_conv(TensorTable& table, const std::string& name, const ConvRow& row);  // .conv, .norm

Conv2d make_conv(const LayerSource& from, const std::string& name, const Conv2dOptions& options);
// For inference the norm is folded in.
NormedConv2d make_normed_conv(const LayerSource& from, const std::string& name, const Conv2dOptions& options);

// What both settings have in common, by their names in config.json.
struct CnnSettings {
  const char* model_type;
  int64_t& size;
  int64_t& channels;
  int64_t& width;
  int64_t& stages;
  std::vector<std::string>& labels;
  int64_t whole = 0;  // stages, the first ones, that leave the size as it is; the others halve it
};
// Error as of check_cnn_sizes().
JsonFile read_cnn_config(const ModelFiles& files, const CnnSettings& settings);
nlohmann::ordered_json cnn_config(const CnnSettings& settings);
// Error, which begins with `where`: sizes that no model can have.
void check_cnn_sizes(const std::string& where, const CnnSettings& settings);

// Error: a model for inference cannot be saved, its norms are gone.
void expect_for_training(const char* model_type, Use use);

// A plan for each batch size, with attention and without.
class CnnPlans {
 public:
  using Forward = std::function<CnnTensors(Tensor pixels)>;
  CnnPlans(Device& device, int64_t channels, int64_t size)
      : device_(device), channels_(channels), size_(size) {}
  void expect_pixels(const char* op, Tensor pixels) const;
  CnnResult run(const Forward& forward, std::span<const float> pixels, int64_t batch, bool attention);
  void trim() { plans_.clear(); }

 private:
  struct Compiled {
    std::unique_ptr<Graph> graph;
    Tensor pixels;
    CnnTensors tensors;
    Plan plan;
  };
  Compiled& compiled(const Forward& forward, int64_t batch, bool attention);

  Device& device_;
  int64_t channels_, size_;
  std::map<std::pair<int64_t, bool>, Compiled> plans_;
};

}  // namespace fovea
