// What a ViTPicture holds: its plan, from texels to texels.
#pragma once

#include "fovea/ops.hpp"
#include "fovea/vit.hpp"

namespace fovea {

struct ViTPicture::Impl {
  Impl(Device& device, const VisionTransformer& model, const Preprocessor& steps, const HostImage& image,
       const ViTPictureOptions& options);

  std::vector<Tensor> build(const VisionTransformer& model, const Preprocessor& steps,
                            const ViTPictureOptions& options);
  Tensor map(const std::vector<Tensor>& attentions, const ViTPictureOptions& options);
  void look(const ViTLook& look);
  void bind(const HostImage& image, const HostImage& map);

  ViTConfig config;
  HostImage picture, shown;  // shown: the map, without a handle where there is none
  Region seen;               // by the model, of the picture
  Graph graph;
  Tensor texels;  // (height, width[, 2]) of the picture
  Tensor query,
      choice;  // (1): the token that looks; (1, depth * heads): how much each head of a layer counts
  Tensor answer, painted;  // logits, or the embedding; texels of the map
  std::optional<Plan> plan;
};

}  // namespace fovea
