#include "gpu/commands.h"

#include "core/check.h"
#include "gpu/gpu.h"

namespace fovea {

Commands::Commands(Gpu& gpu) : gpu_(gpu) {
  VkCommandPoolCreateInfo info = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  info.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  info.queueFamilyIndex = gpu.physical().family;
  check_vk(gpu.vk().vkCreateCommandPool(gpu.device(), &info, gpu.allocation(), &pool_),
           "vkCreateCommandPool");
  VkCommandBufferAllocateInfo allocate = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  allocate.commandPool = pool_;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = 1;
  const VkResult result = gpu.vk().vkAllocateCommandBuffers(gpu.device(), &allocate, &handle_);
  if (result != VK_SUCCESS) gpu.vk().vkDestroyCommandPool(gpu.device(), pool_, gpu.allocation());
  check_vk(result, "vkAllocateCommandBuffers");
}

Commands::~Commands() {
  try {
    wait();
  } catch (const Error&) {
    // A lost device has nothing to wait for.
  }
  gpu_.vk().vkDestroyCommandPool(gpu_.device(), pool_, gpu_.allocation());
}

void Commands::begin(VkCommandBufferUsageFlags usage) const {
  const VkCommandBufferBeginInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = usage};
  check_vk(gpu_.vk().vkBeginCommandBuffer(handle_, &info), "vkBeginCommandBuffer");
}

void Commands::end() const { check_vk(gpu_.vk().vkEndCommandBuffer(handle_), "vkEndCommandBuffer"); }

Ticket Commands::submit(uint32_t times, std::span<const Semaphore> wait, std::span<const Semaphore> signal) {
  return submitted_ = gpu_.submit({handle_, times, wait, signal});
}

void Commands::wait() const { gpu_.queue().wait(submitted_); }

}  // namespace fovea
