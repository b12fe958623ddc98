#include "support/host_memory.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>

#include "gpu/gpu.h"
#include "gpu/texels.h"

#define GET(function) get<PFN_##function>(#function)

namespace fovea::test {
namespace {

constexpr VkFormat kFormats[] = {VK_FORMAT_R8G8B8A8_UNORM, VK_FORMAT_B8G8R8A8_UNORM, VK_FORMAT_R8G8B8A8_SRGB,
                                 VK_FORMAT_B8G8R8A8_SRGB, VK_FORMAT_R16G16B16A16_SFLOAT};

VkBufferImageCopy whole(const HostImage& image) {
  VkBufferImageCopy region = {};
  region.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
  region.imageExtent = {image.width, image.height, 1};
  return region;
}

}  // namespace

template <class Function>
Function HostMemory::get(const char* name) const {
  return reinterpret_cast<Function>(host_.instance_table().get_device_proc(host_.device(), name));
}

HostMemory::HostMemory(const Host& host, Device& adopted) : host_(host), commands_(adopted.gpu()) {}

HostMemory::~HostMemory() {
  GET(vkDeviceWaitIdle)(host_.device());
  for (const Block& each : blocks_) {
    GET(vkDestroyBuffer)(host_.device(), each.buffer, nullptr);
    GET(vkDestroyImage)(host_.device(), each.image, nullptr);
    GET(vkFreeMemory)(host_.device(), each.memory, nullptr);
  }
}

void HostMemory::allocate(Block& block, const VkMemoryRequirements& needs, bool map) {
  VkPhysicalDeviceMemoryProperties all;
  host_.instance_table().get_memory_properties(host_.offer().physical, &all);
  const VkMemoryPropertyFlags wanted =
      map ? VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT : 0;
  VkMemoryAllocateFlagsInfo flags = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO};
  flags.flags = map ? VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT : 0;
  VkMemoryAllocateInfo info = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &flags};
  info.allocationSize = needs.size;
  for (info.memoryTypeIndex = 0; info.memoryTypeIndex < all.memoryTypeCount; ++info.memoryTypeIndex) {
    const bool possible = needs.memoryTypeBits >> info.memoryTypeIndex & 1;
    if (possible && (all.memoryTypes[info.memoryTypeIndex].propertyFlags & wanted) == wanted) break;
  }
  check_vk(GET(vkAllocateMemory)(host_.device(), &info, nullptr, &block.memory), "vkAllocateMemory");
  if (!map) return;
  void* mapped = nullptr;
  check_vk(GET(vkMapMemory)(host_.device(), block.memory, 0, VK_WHOLE_SIZE, 0, &mapped), "vkMapMemory");
  block.mapped = static_cast<std::byte*>(mapped);
}

HostMemory::Block& HostMemory::make_buffer(uint64_t bytes) {
  Block& block = blocks_.emplace_back();
  VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = bytes;
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT |
               VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  check_vk(GET(vkCreateBuffer)(host_.device(), &info, nullptr, &block.buffer), "vkCreateBuffer");
  VkMemoryRequirements needs;
  GET(vkGetBufferMemoryRequirements)(host_.device(), block.buffer, &needs);
  allocate(block, needs, true);
  check_vk(GET(vkBindBufferMemory)(host_.device(), block.buffer, block.memory, 0), "vkBindBufferMemory");
  return block;
}

const HostMemory::Block& HostMemory::of(VkBuffer buffer) const {
  for (const Block& each : blocks_)
    if (each.buffer == buffer) return each;
  throw Error("no buffer of this host");
}

HostBuffer HostMemory::buffer(const std::vector<uint32_t>& words, uint64_t offset) {
  const uint64_t bytes = words.size() * sizeof(uint32_t);
  const Block& block = make_buffer(bytes + 2 * offset);
  std::memset(block.mapped, 0x5a, bytes + 2 * offset);
  std::memcpy(block.mapped + offset, words.data(), bytes);
  return {block.buffer, offset, bytes};
}

HostBuffer HostMemory::buffer(const std::vector<float>& values, uint64_t offset) {
  std::vector<uint32_t> words(values.size());
  std::memcpy(words.data(), values.data(), values.size() * sizeof(float));
  return buffer(words, offset);
}

std::vector<uint32_t> HostMemory::words(const HostBuffer& buffer) {
  GET(vkQueueWaitIdle)(host_.offer().queue);
  std::vector<uint32_t> words(buffer.bytes / sizeof(uint32_t));
  std::memcpy(words.data(), of(buffer.handle).mapped + buffer.offset, buffer.bytes);
  return words;
}

std::vector<float> HostMemory::values(const HostBuffer& buffer) {
  const std::vector<uint32_t> bits = words(buffer);
  std::vector<float> values(bits.size());
  std::memcpy(values.data(), bits.data(), buffer.bytes);
  return values;
}

void HostMemory::submit(VkCommandBuffer commands) {
  VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO};
  info.commandBufferCount = 1;
  info.pCommandBuffers = &commands;
  check_vk(host_.vk().vkQueueSubmit(host_.offer().queue, 1, &info, VK_NULL_HANDLE), "vkQueueSubmit");
  check_vk(GET(vkQueueWaitIdle)(host_.offer().queue), "vkQueueWaitIdle");
}

void HostMemory::barrier(const HostImage& image, uint32_t from, uint32_t to) {
  VkImageMemoryBarrier info = {VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER};
  info.srcAccessMask = info.dstAccessMask = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
  info.oldLayout = VkImageLayout(from);
  info.newLayout = VkImageLayout(to);
  info.srcQueueFamilyIndex = info.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
  info.image = image.handle;
  info.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
  constexpr VkPipelineStageFlags kAll = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
  host_.vk().vkCmdPipelineBarrier(commands_.handle(), kAll, kAll, 0, 0, nullptr, 0, nullptr, 1, &info);
}

HostImage HostMemory::image(const HostImage& wish, const std::vector<uint32_t>& words) {
  HostImage image = wish;
  Block& block = blocks_.emplace_back();
  VkImageCreateInfo info = {VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO};
  info.imageType = VK_IMAGE_TYPE_2D;
  info.format = kFormats[size_t(wish.format)];
  info.extent = {wish.width, wish.height, 1};
  info.mipLevels = info.arrayLayers = 1;
  info.samples = VK_SAMPLE_COUNT_1_BIT;
  info.usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_SAMPLED_BIT;
  check_vk(GET(vkCreateImage)(host_.device(), &info, nullptr, &block.image), "vkCreateImage");
  VkMemoryRequirements needs;
  GET(vkGetImageMemoryRequirements)(host_.device(), block.image, &needs);
  allocate(block, needs, false);
  check_vk(GET(vkBindImageMemory)(host_.device(), block.image, block.memory, 0), "vkBindImageMemory");
  image.handle = block.image;

  const size_t count = size_t(wish.width) * wish.height * words_of(wish.format);
  REQUIRE((words.empty() || words.size() == count));
  commands_.begin();
  barrier(image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL);
  record_write(commands_.handle(), image, words.empty() ? std::vector<uint32_t>(count, 0x5a5a5a5a) : words);
  if (image.before != VK_IMAGE_LAYOUT_UNDEFINED)
    barrier(image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, image.before);
  commands_.end();
  submit(commands_.handle());
  return image;
}

std::vector<uint32_t> HostMemory::words(const HostImage& image) {
  commands_.begin();
  barrier(image, image.after, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
  const HostBuffer to = record_read(commands_.handle(), image);
  barrier(image, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, image.after);
  commands_.end();
  submit(commands_.handle());
  return words(to);
}

void HostMemory::record_write(VkCommandBuffer commands, const HostImage& image,
                              const std::vector<uint32_t>& words) {
  const VkBufferImageCopy region = whole(image);
  host_.vk().vkCmdCopyBufferToImage(commands, buffer(words).handle, image.handle,
                                    VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
}

HostBuffer HostMemory::record_read(VkCommandBuffer commands, const HostImage& image) {
  const size_t count = size_t(image.width) * image.height * words_of(image.format);
  const HostBuffer to = buffer(std::vector<uint32_t>(count));
  const VkBufferImageCopy region = whole(image);
  host_.vk().vkCmdCopyImageToBuffer(commands, image.handle, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL, to.handle,
                                    1, &region);
  VkMemoryBarrier read{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  read.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
  read.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
  host_.vk().vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                                  &read, 0, nullptr, 0, nullptr);
  return to;
}

void HostMemory::turn(const HostImage& image) {
  commands_.begin();
  barrier(image, image.after, image.before);
  commands_.end();
  submit(commands_.handle());
}

}  // namespace fovea::test
