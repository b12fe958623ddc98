// The case of a whole model: a Vision Transformer's forward pass.
#include "cases.h"

namespace fovea::bench {
namespace {

// Products only, as the FLOPs of a model are usually counted; the bytes are those of its products and norms.
Work vit_work(const ViTConfig& config) {
  const double tokens = double(config.tokens()), width = double(config.embedding);
  const double patches = tokens - (config.distillation ? 2 : 1);
  const Work norm{0, layer_norm_work(tokens, width).bytes};
  const Work layer = norm * 2 + product_work(tokens, width, 3 * width) +
                     attention_work(double(config.heads), tokens, tokens, width / double(config.heads)) +
                     product_work(tokens, width, width) +
                     feed_forward_work(tokens, width, double(config.hidden));
  return product_work(patches, double(config.channels * config.patch * config.patch), width) +
         layer * double(config.depth) + norm +
         product_work(1, width, double(config.labels.size())) * (config.distillation ? 2 : 1);
}

// The whole forward pass, batch 1.
class VitCase : public Case {
 public:
  VitCase(Device& device, VisionTransformer model)
      : Case("vit", join(pixels_of(model.config())), vit_work(model.config())),
        model_(std::move(model)),
        pixels_(random_state(device, Shape(pixels_of(model_.config())), 1)) {}
  Tensor step(Graph& graph, Tensor) const override {
    const ViTTensors made = model_(graph.use(pixels_));
    return made.logits ? made.logits : made.embedding;
  }
  bool repeats() const override { return false; }

 private:
  static std::vector<int64_t> pixels_of(const ViTConfig& config) {
    return {1, config.channels, config.height, config.width};
  }

  VisionTransformer model_;
  State pixels_;
};

}  // namespace

std::unique_ptr<Case> make_vit(Device& device, const std::string& directory) {
  return std::make_unique<VitCase>(device, VisionTransformer(device, directory));
}

}  // namespace fovea::bench
