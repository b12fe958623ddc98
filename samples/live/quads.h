// Images drawn over rectangles of the window, blended by their alpha.
#pragma once

#include <span>

#include "images.h"

struct Rectangle {
  float left = 0, top = 0, width = 0, height = 0;
};
inline Rectangle scaled(const Rectangle& r, float by) {
  return {r.left * by, r.top * by, r.width * by, r.height * by};
}

class Quads {
 public:
  // For images that stay as long as this does.
  Quads(const Host& host, VkRenderPass pass, std::span<const Texture* const> textures);
  ~Quads();
  Quads(const Quads&) = delete;
  Quads& operator=(const Quads&) = delete;

  // Inside a render pass over a target of this size; at: in its pixels. Alpha: of the image's own, how much
  // counts.
  void draw(VkCommandBuffer commands, VkExtent2D target, size_t texture, const Rectangle& at,
            float alpha = 1) const;

 private:
  void make_sets(std::span<const Texture* const> textures);
  void make_pipeline(VkRenderPass pass);

  const Host& host_;
  VkSampler sampler_ = VK_NULL_HANDLE;
  VkDescriptorSetLayout set_layout_ = VK_NULL_HANDLE;
  VkDescriptorPool pool_ = VK_NULL_HANDLE;
  std::vector<VkDescriptorSet> sets_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline pipeline_ = VK_NULL_HANDLE;
};
