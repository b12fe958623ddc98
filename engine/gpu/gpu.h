// Gpu: what Device owns. One VkDevice with its dispatch table, allocator, queue, kernels and one submission
// path.
#pragma once

#include <volk.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/instance.h"
#include "gpu/kernel.h"
#include "gpu/memory.h"
#include "gpu/select.h"
#include "gpu/table.h"

namespace fovea {

class Gpu {
 public:
  explicit Gpu(const DeviceOptions& options);
  Gpu(const HostDevice& host, const DeviceOptions& options);
  ~Gpu();  // waits for what it submitted
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  const DeviceInfo& info() const { return physical_.info; }
  const Limits& limits() const { return physical_.info.limits; }
  const std::string& why() const { return why_; }
  const std::vector<std::string>& layers() const { return instance_->layers(); }
  std::vector<std::string> validation_messages() const { return instance_->messages(); }
  bool usable(const char* capability) const;  // advertised, tested and not disabled

  VkDevice device() const { return device_; }
  const DeviceTable& vk() const { return table_; }
  const InstanceTable& instance_table() const { return instance_->table(); }
  const Physical& physical() const { return physical_; }
  VkInstance instance() const { return instance_->handle(); }
  Memory& memory() { return *memory_; }
  double nanoseconds_per_tick() const;  // 0: no timestamps
  void name_object(VkObjectType type, uint64_t handle,
                   const char* name) const;  // for debuggers, where there is one

  // The pipeline of an embedded shader for this number of lanes of a workgroup and these specialization
  // constants. Made on first use, then kept. Thread safe.
  const Kernel& kernel(const std::string& name, uint32_t lanes, std::span<const Constant> constants = {}) {
    return kernels_->get(name, lanes, constants);
  }

  // Primary, re-recordable, from a pool of its own: threads may record theirs side by side.
  // Freed by free_commands, which waits for submitted work, or with the Gpu.
  VkCommandBuffer make_commands();
  void free_commands(VkCommandBuffer commands);

  // Submits and returns the timeline value that will be signalled; wait() blocks until it is. Thread safe.
  // After VK_ERROR_DEVICE_LOST both throw the same Error for good.
  static constexpr uint32_t kMaxReplays = 16;
  uint64_t submit(VkCommandBuffer commands, uint32_t times = 1);  // as one submission
  void wait(uint64_t value);
  void wait_all();  // for all submitted so far

 private:
  Gpu() = default;
  void make_device();
  void start(const DeviceOptions& options);  // with a VkDevice in place: table, memory, kernels, self-test
  void test_capabilities();
  void release();
  Capability& capability(const char* name);
  void check_alive(VkResult result, const char* call);  // makes a lost device sticky

  std::unique_ptr<Instance> instance_;
  Physical physical_;
  std::string why_;
  bool owned_ = false;  // the VkDevice is ours to destroy
  VkDevice device_ = VK_NULL_HANDLE;
  VkQueue queue_ = VK_NULL_HANDLE;
  DeviceTable table_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Kernels> kernels_;

  std::mutex pools_mutex_;
  std::map<VkCommandBuffer, VkCommandPool> pools_;

  std::mutex queue_mutex_;
  VkSemaphore timeline_ = VK_NULL_HANDLE;
  std::atomic<uint64_t> submitted_ = 0;
  std::atomic<bool> lost_ = false;
};

}  // namespace fovea
