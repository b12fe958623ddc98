#include "gpu/queue.h"

#include <algorithm>
#include <array>

#include "core/check.h"

namespace fovea {
namespace {

// A list of semaphores as vkQueueSubmit takes it.
struct Handles {
  explicit Handles(std::span<const Semaphore> semaphores) {
    for (const Semaphore& each : semaphores) {
      handles.push_back(each.handle);
      values.push_back(each.value);
      timeline = timeline || each.value != 0;
    }
  }
  std::vector<VkSemaphore> handles;
  std::vector<uint64_t> values;
  bool timeline = false;
};

}  // namespace

Queue::Queue(const DeviceTable& table, VkDevice device, const Options& options)
    : table_(table),
      device_(device),
      handle_(options.handle),
      allocation_(options.allocation),
      name_(options.device) {
  if (options.host == nullptr) return;
  lock_ = options.host->lock;
  unlock_ = options.host->unlock;
  user_ = options.host->user;
  never_submits_ = options.host->never_submit;
}

Queue::~Queue() {
  try {
    wait_all();
  } catch (const Error&) {
    // A lost device has nothing to wait for.
  }
  for (const auto& fence : fences_) table_.vkDestroyFence(device_, fence->handle, allocation_);
}

void Queue::check_alive(VkResult result, const char* call) {
  if (result == VK_ERROR_DEVICE_LOST) lost_ = true;
  FOVEA_CHECK_AS(device_lost, !lost_, name_,
                 ": the device is lost (VK_ERROR_DEVICE_LOST); open another Device");
  check_vk(result, call);
}

Queue::Fence& Queue::free_fence() {
  for (const auto& each : fences_) {
    if (each->ticket > done_ || each->waiters.load(std::memory_order_acquire) > 0) continue;
    check_alive(table_.vkResetFences(device_, 1, &each->handle), "vkResetFences");
    return *each;
  }
  auto made = std::make_unique<Fence>();
  const VkFenceCreateInfo info = {VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  check_alive(table_.vkCreateFence(device_, &info, allocation_, &made->handle), "vkCreateFence");
  return *fences_.emplace_back(std::move(made));
}

Ticket Queue::submit(const Submission& what) {
  FOVEA_CHECK(!never_submits_, "submit: the host said that Fovea never submits (HostDevice::never_submit)");
  check_alive(VK_SUCCESS, "");
  const std::lock_guard lock(mutex_);
  Fence& fence = free_fence();
  if (lock_) lock_(user_);
  const VkResult result = submit_locked(what, fence.handle);
  if (unlock_) unlock_(user_);
  check_alive(result, "vkQueueSubmit");
  fence.ticket = submitted_ + 1;
  pending_.push_back(&fence);
  return ++submitted_;
}

VkResult Queue::submit_locked(const Submission& what, VkFence fence) {
  std::array<VkCommandBuffer, kMaxReplays> buffers;
  buffers.fill(what.commands);
  const Handles wait(what.wait), signal(what.signal);
  const std::vector<VkPipelineStageFlags> stages(wait.handles.size(), VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
  VkTimelineSemaphoreSubmitInfo timeline = {VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
  timeline.waitSemaphoreValueCount = uint32_t(wait.values.size());
  timeline.pWaitSemaphoreValues = wait.values.data();
  timeline.signalSemaphoreValueCount = uint32_t(signal.values.size());
  timeline.pSignalSemaphoreValues = signal.values.data();
  VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO};
  if (wait.timeline || signal.timeline) info.pNext = &timeline;
  info.waitSemaphoreCount = uint32_t(wait.handles.size());
  info.pWaitSemaphores = wait.handles.data();
  info.pWaitDstStageMask = stages.data();
  info.commandBufferCount = what.times;
  info.pCommandBuffers = buffers.data();
  info.signalSemaphoreCount = uint32_t(signal.handles.size());
  info.pSignalSemaphores = signal.handles.data();
  return table_.vkQueueSubmit(handle_, 1, &info, fence);
}

bool Queue::wait(Ticket ticket, uint64_t nanoseconds) {
  check_alive(VK_SUCCESS, "");
  if (ticket <= done_) return true;
  Fence* fence = nullptr;
  Ticket of = 0;
  {
    const std::lock_guard lock(mutex_);
    if (ticket <= done_) return true;  // another thread saw it since
    const auto at = std::find_if(pending_.begin(), pending_.end(),
                                 [&](const Fence* each) { return each->ticket >= ticket; });
    FOVEA_CHECK(at != pending_.end(), "wait: ticket ", ticket, ", the last given out is ", submitted_.load());
    fence = *at;
    of = fence->ticket;
    ++fence->waiters;
  }
  const VkResult result = table_.vkWaitForFences(device_, 1, &fence->handle, VK_TRUE, nanoseconds);
  fence->waiters.fetch_sub(1, std::memory_order_release);
  if (result == VK_TIMEOUT) return false;
  check_alive(result, "vkWaitForFences");
  note_done(of);
  return true;
}

// A queue signals its fences in the order of their submissions: all before it are done as well.
void Queue::note_done(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  done_ = std::max(done_.load(), ticket);
  std::erase_if(pending_, [&](const Fence* each) { return each->ticket <= done_; });
}

}  // namespace fovea
