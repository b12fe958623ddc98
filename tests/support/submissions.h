// How often a device was submitted to.
#pragma once

#include <cstdint>
#include <utility>

#include "fovea/device.hpp"
#include "gpu/gpu.h"

namespace fovea::test {

// Counts from its making on. Every submission moves the device's timeline on by one, its own empty ones too.
class SubmissionCount {
 public:
  explicit SubmissionCount(Device& device) : gpu_(device.gpu()), nothing_(gpu_.make_commands()) {
    const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    check_vk(gpu_.vk().vkBeginCommandBuffer(nothing_, &begin), "vkBeginCommandBuffer");
    check_vk(gpu_.vk().vkEndCommandBuffer(nothing_), "vkEndCommandBuffer");
    start_ = submit();
  }
  ~SubmissionCount() { gpu_.free_commands(nothing_); }
  SubmissionCount(const SubmissionCount&) = delete;
  SubmissionCount& operator=(const SubmissionCount&) = delete;
  uint64_t value() {
    const uint64_t before = std::exchange(start_, submit());
    return start_ - before - 1;
  }

 private:
  uint64_t submit() {
    const uint64_t point = gpu_.submit(nothing_);
    gpu_.wait(point);
    return point;
  }

  Gpu& gpu_;
  VkCommandBuffer nothing_;
  uint64_t start_ = 0;
};

}  // namespace fovea::test
