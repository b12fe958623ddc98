#include "images.h"

Texture::Texture(const Host& host, VkExtent2D extent, VkImageUsageFlags usage) : size(extent), host_(host) {
  VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO};
  info.imageType = VK_IMAGE_TYPE_2D;
  info.format = VK_FORMAT_R8G8B8A8_UNORM;
  info.extent = {size.width, size.height, 1};
  info.mipLevels = 1;
  info.arrayLayers = 1;
  info.samples = VK_SAMPLE_COUNT_1_BIT;
  info.usage = usage | VK_IMAGE_USAGE_SAMPLED_BIT;
  check(vkCreateImage(host.device, &info, nullptr, &image), "vkCreateImage");
  VkMemoryRequirements needs;
  vkGetImageMemoryRequirements(host.device, image, &needs);
  VkMemoryAllocateInfo memory{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
  memory.allocationSize = needs.size;
  memory.memoryTypeIndex = host.memory_type(needs.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  check(vkAllocateMemory(host.device, &memory, nullptr, &memory_), "vkAllocateMemory");
  check(vkBindImageMemory(host.device, image, memory_, 0), "vkBindImageMemory");
  VkImageViewCreateInfo views{VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO};
  views.image = image;
  views.viewType = VK_IMAGE_VIEW_TYPE_2D;
  views.format = info.format;
  views.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  check(vkCreateImageView(host.device, &views, nullptr, &view), "vkCreateImageView");
}

Texture::~Texture() {
  vkDestroyImageView(host_.device, view, nullptr);
  vkDestroyImage(host_.device, image, nullptr);
  vkFreeMemory(host_.device, memory_, nullptr);
}

fovea::HostImage Texture::offer() const {
  return {.handle = image,
          .format = fovea::TexelFormat::rgba8,
          .width = size.width,
          .height = size.height,
          .before = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL,
          .after = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL};
}

Staging::Staging(const Host& host, uint64_t count, VkBufferUsageFlags usage) : host_(host) {
  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = count;
  info.usage = usage;
  check(vkCreateBuffer(host.device, &info, nullptr, &buffer), "vkCreateBuffer");
  VkMemoryRequirements needs;
  vkGetBufferMemoryRequirements(host.device, buffer, &needs);
  VkMemoryAllocateInfo memory{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
  memory.allocationSize = needs.size;
  memory.memoryTypeIndex = host.memory_type(
      needs.memoryTypeBits, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
  check(vkAllocateMemory(host.device, &memory, nullptr, &memory_), "vkAllocateMemory");
  check(vkBindBufferMemory(host.device, buffer, memory_, 0), "vkBindBufferMemory");
  void* mapped = nullptr;
  check(vkMapMemory(host.device, memory_, 0, VK_WHOLE_SIZE, 0, &mapped), "vkMapMemory");
  bytes = {static_cast<uint8_t*>(mapped), count};
}

Staging::~Staging() {
  vkDestroyBuffer(host_.device, buffer, nullptr);
  vkFreeMemory(host_.device, memory_, nullptr);
}

void barrier(VkCommandBuffer commands, VkImage image, const Access& before, const Access& after) {
  VkImageMemoryBarrier info{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER};
  info.srcAccessMask = before.access;
  info.dstAccessMask = after.access;
  info.oldLayout = before.layout;
  info.newLayout = after.layout;
  info.srcQueueFamilyIndex = info.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  info.image = image;
  info.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  vkCmdPipelineBarrier(commands, before.stages, after.stages, 0, 0, nullptr, 0, nullptr, 1, &info);
}
