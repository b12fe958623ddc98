// Convolutional networks that attend, for small square images: cnn_gate, with a gate over places, and
// se_resnet, with an excitation of channels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/files.hpp"
#include "fovea/nn.hpp"
#include "fovea/plan.hpp"

namespace fovea FOVEA_API {

// Stages of one convolution 3 x 3 each, twice as wide as the one before; the largest of 2 x 2 places ends
// each.
struct CnnGateConfig {
  int64_t size = 32, channels = 3;  // of the image
  int64_t width = 32, stages = 3;   // width: of the first stage
  bool gate = true;                 // each stage is an AttentionGate with one gate for all channels
  std::vector<std::string> labels;
};

// Hu et al. 2018 on He et al. 2016, section 4.2: a convolution, then stages of residual blocks, twice as wide
// and half as large as those before.
struct SeResNetConfig {
  int64_t size = 32, channels = 3;
  int64_t width = 16, stages = 3;  // width: of the first stage
  int64_t blocks = 1;              // of a stage
  int64_t reduction = 8;           // an excitation squeezes the channels to one of so many
  bool excitation = true;          // else a plain residual network
  std::vector<std::string> labels;
};

// What a forward pass gives, as handles of its graph.
struct CnnTensors {
  Tensor logits;  // (batch, labels)
  // When asked for. cnn_gate: (batch, 1, h, w) of each stage; se_resnet: (batch, channels) of each block.
  std::vector<Tensor> attention;
};

// The same as host values, row by row.
struct CnnResult {
  std::vector<float> logits;
  std::vector<std::vector<float>> attention;
};

// Write config.json and model.safetensors of a model that has learnt nothing yet: where a training starts.
// Error: what could not be loaded.
void write_fresh_cnn_gate(const std::string& directory, const CnnGateConfig& config, uint64_t seed);
void write_fresh_se_resnet(const std::string& directory, const SeResNetConfig& config, uint64_t seed);

// Both models load config.json and model.safetensors of their model_type; see Error for what does not fit.
// Made for inference, batch normalisation is folded into the convolutions.
class CnnGate {
 public:
  CnnGate(Device& device, const ModelFiles& files, Use use = Use::inference, const LoadOptions& load = {});
  ~CnnGate();
  CnnGate(CnnGate&&) noexcept;

  const CnnGateConfig& config() const;

  // Adds the forward pass to a graph. pixels: (batch, channels, size, size), normalised. Training normalises
  // by the batch and moves the running statistics; inference goes by those.
  CnnTensors operator()(Tensor pixels, Use use = Use::inference) const;
  // Runs a batch of images; a plan is kept for each batch size seen, with attention and without.
  CnnResult run(std::span<const float> pixels, int64_t batch, bool attention = false);
  void trim();  // gives back the plans kept; later runs make theirs anew

  Parameters parameters();  // named as in the file
  // config.json and model.safetensors, of a model for training.
  void save(const std::string& directory, Storage storage = Storage::f32);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class SeResNet {
 public:
  SeResNet(Device& device, const ModelFiles& files, Use use = Use::inference, const LoadOptions& load = {});
  ~SeResNet();
  SeResNet(SeResNet&&) noexcept;

  const SeResNetConfig& config() const;

  CnnTensors operator()(Tensor pixels, Use use = Use::inference) const;  // as CnnGate
  CnnResult run(std::span<const float> pixels, int64_t batch, bool attention = false);
  void trim();  // gives back the plans kept; later runs make theirs anew

  Parameters parameters();
  void save(const std::string& directory, Storage storage = Storage::f32);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
