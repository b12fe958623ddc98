// Images and buffers of the host, with memory of their own.
#pragma once

#include <span>

#include "host.h"

// A sampled R8G8B8A8_UNORM image, one mip level. It lies in SHADER_READ_ONLY_OPTIMAL between its uses.
class Texture {
 public:
  Texture(const Host& host, VkExtent2D extent, VkImageUsageFlags usage);
  ~Texture();
  Texture(const Texture&) = delete;
  Texture& operator=(const Texture&) = delete;

  fovea::HostImage offer() const;  // to Fovea

  VkImage image = VK_NULL_HANDLE;
  VkImageView view = VK_NULL_HANDLE;
  VkExtent2D size;

 private:
  const Host& host_;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
};

// Memory that the host writes or reads while the device does not.
class Staging {
 public:
  Staging(const Host& host, uint64_t bytes, VkBufferUsageFlags usage);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  VkBuffer buffer = VK_NULL_HANDLE;
  std::span<uint8_t> bytes;

 private:
  const Host& host_;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
};

// A step of an image's life: what it was used for before, and will be from now on.
struct Access {
  VkImageLayout layout;
  VkPipelineStageFlags stages;
  VkAccessFlags access;
};
inline constexpr Access kUndefined{VK_IMAGE_LAYOUT_UNDEFINED, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, 0};
inline constexpr Access kCopied{VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, VK_PIPELINE_STAGE_TRANSFER_BIT,
                                VK_ACCESS_TRANSFER_READ_BIT};
inline constexpr Access kFilled{VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, VK_PIPELINE_STAGE_TRANSFER_BIT,
                                VK_ACCESS_TRANSFER_WRITE_BIT};
inline constexpr Access kSampled{VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
                                 VK_PIPELINE_STAGE_FRAGMENT_SHADER_BIT, VK_ACCESS_SHADER_READ_BIT};
void barrier(VkCommandBuffer commands, VkImage image, const Access& before, const Access& after);

inline constexpr VkImageSubresourceLayers kColour{VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
