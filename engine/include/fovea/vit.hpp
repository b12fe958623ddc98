// Vision Transformer (Dosovitskiy et al. 2021) and DeiT (Touvron et al. 2021) from Hugging Face directories.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/files.hpp"
#include "fovea/image.hpp"
#include "fovea/job.hpp"
#include "fovea/nn.hpp"
#include "fovea/texels.hpp"

namespace fovea FOVEA_API {

struct ViTConfig {
  int64_t height = 224, width = 224, channels = 3;  // of the input image
  int64_t patch = 16;
  int64_t embedding = 768, depth = 12, heads = 12, hidden = 3072;  // hidden: of the feed-forward network
  Activation activation = Activation::gelu;
  float eps = 1e-12f;
  bool distillation = false;        // a distillation token stands behind the class token
  std::vector<std::string> labels;  // empty for a model without a classifier

  int64_t tokens() const { return (distillation ? 2 : 1) + height / patch * (width / patch); }
};

struct ViTRequest {
  bool hidden_states = false;
  bool attentions = false;
  // (1) u32, of operator() alone: attentions are those of this token, depth of (batch, heads, 1, tokens).
  Tensor query = {};
};

// What a forward pass gives, as handles of its graph.
struct ViTTensors {
  Tensor logits;  // (batch, labels); absent without a classifier
  // depth + 1 of (batch, tokens, embedding): embeddings, then after each layer.
  std::vector<Tensor> hidden_states;
  std::vector<Tensor> attentions;  // depth of (batch, heads, tokens, tokens)
  Tensor embedding;                // (batch, tokens, embedding): after the last normalisation
};

// The same as host values, row by row.
struct ViTResult {
  std::vector<float> logits;
  std::vector<float> embedding;  // of a model without a classifier, instead of logits
  std::vector<std::vector<float>> hidden_states, attentions;
};

// Writes config.json and model.safetensors of a model that has learnt nothing yet: where a training starts.
void write_fresh_vit(const std::string& directory, const ViTConfig& config, uint64_t seed);

// What a token looks at in one layer.
struct ViTLook {
  int64_t layer = -1;  // from 0 on; below 0 from the last one, -1, down
  int64_t head = -1;   // -1: the mean of all
  int64_t query = 0;  // the token that looks: 0 is the class token, those of patches are ViTPicture::token_at
};

// A model's picture that is an image of a host. Options that the image does not name are as in texels.hpp.
struct ViTPictureOptions {
  // Absent: preprocessor_config.json of the model's directory, without one as ViT does.
  std::optional<Preprocessor> preprocessor = {};
  Encoding encoding = Encoding::of_format;  // of the picture
  HostImage map = {};                       // takes what a token looks at, for all of the picture; or none
  Encoding map_encoding = Encoding::of_format;
  std::optional<Colormap> colours = {};
  float alpha_dark = 0, alpha_light = 1;
  ViTLook look = {};
};

class ViTJob;
class ViTPicture;

class VisionTransformer {
 public:
  // config.json and model.safetensors of model_type vit or deit; see Error for what does not fit.
  VisionTransformer(Device& device, const ModelFiles& files, Use use = Use::inference,
                    const LoadOptions& load = {});
  ~VisionTransformer();
  VisionTransformer(VisionTransformer&&) noexcept;
  VisionTransformer& operator=(VisionTransformer&&) noexcept;

  const ViTConfig& config() const;

  // Adds the forward pass to a graph. pixels: (batch, channels, height, width), normalised. dropout: of the
  // embeddings and of what each block adds.
  ViTTensors operator()(Tensor pixels, const ViTRequest& request = {}, const Dropout& dropout = {}) const;

  // Runs a batch of images; a plan is kept for each batch size and request seen.
  ViTResult run(std::span<const float> pixels, int64_t batch, const ViTRequest& request = {});
  // The same in slices, while the model lives; one job at a time for a batch size and request.
  ViTJob start(std::span<const float> pixels, int64_t batch, const ViTRequest& request = {});
  // Makes ready what run() and start() need for a batch size: kernels are compiled on all processors and run
  // once, steps are timed. Without it the first run pays for that.
  void prepare(int64_t batch, const ViTRequest& request = {});
  void trim();  // gives back the plans kept, but those of jobs; later runs make theirs anew

  // From an image to logits and a map that is an image, all on the device. Compiles a plan of its own.
  ViTPicture picture(const HostImage& image, const ViTPictureOptions& options = {});

  // Of a model for training, named as in the file but for Q, K and V, which are one: attention.qkv.
  Parameters parameters();
  // config.json and model.safetensors, which this class and transformers load.
  void save(const std::string& directory, Storage storage = Storage::f32);

 private:
  friend class ViTJob;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Each run of the plan takes the texels that the picture holds then. The model outlives it.
class ViTPicture {
 public:
  ~ViTPicture();
  ViTPicture(ViTPicture&&) noexcept;
  ViTPicture& operator=(ViTPicture&&) noexcept;

  Plan& plan();                    // to run, to submit, to record, or for a PlanJob
  void prepare();                  // as VisionTransformer's; no image is read or written
  void look(const ViTLook& look);  // what the next run shows: inputs of the plan, nothing is compiled
  // The token of the patch at a place in the picture, in its texels; 0 where the model does not see it.
  int64_t token_at(double x, double y) const;
  // Others of the same sizes and formats, such as those of a swapchain, from the next run on; without a map
  // it stays what it is.
  void bind(const HostImage& image, const HostImage& map = {});
  // (labels) of the last run, which it waits for; of a model without a classifier (tokens, embedding).
  std::vector<float> logits() const;

 private:
  friend class VisionTransformer;
  struct Impl;
  explicit ViTPicture(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class ViTJob : public Job {
 public:
  ~ViTJob() override;
  ViTJob(ViTJob&&) noexcept;
  ViTJob& operator=(ViTJob&&) noexcept;

  bool tick(double milliseconds) override;
  double progress() const override;
  void cancel() override;
  ViTResult result();  // when tick() said true; before, an Error, not_ready

 private:
  friend class VisionTransformer;
  struct Impl;
  explicit ViTJob(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
