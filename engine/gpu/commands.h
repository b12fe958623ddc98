// Commands: a primary command buffer from a pool of its own, so that threads may record theirs side by side.
#pragma once

#include <volk.h>

#include <span>

#include "fovea/device.hpp"

namespace fovea {

class Gpu;

class Commands {
 public:
  explicit Commands(Gpu& gpu);
  ~Commands();  // waits for its own last submission
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  VkCommandBuffer handle() const { return handle_; }
  void begin(VkCommandBufferUsageFlags usage = 0) const;  // forgets what was recorded
  void end() const;
  Ticket submit(uint32_t times = 1, std::span<const Semaphore> wait = {},
                std::span<const Semaphore> signal = {});
  void wait() const;  // for the last submit()

 private:
  Gpu& gpu_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  VkCommandBuffer handle_ = VK_NULL_HANDLE;
  Ticket submitted_ = 0;
};

}  // namespace fovea
