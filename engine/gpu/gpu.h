// Gpu: what Device owns. One VkDevice with its dispatch table, allocator, queue, kernels and one submission
// path.
#pragma once

#include <volk.h>

#include <memory>
#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/instance.h"
#include "gpu/kernel.h"
#include "gpu/memory.h"
#include "gpu/queue.h"
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
  Kernels& kernels() { return *kernels_; }

  // Submits, behind the copies that have gathered. Thread safe.
  Ticket submit(const Submission& what);
  bool wait(Ticket ticket, uint64_t nanoseconds = UINT64_MAX) { return queue_->wait(ticket, nanoseconds); }
  Queue& queue() const { return *queue_; }
  const VkAllocationCallbacks* allocation() const { return allocation_; }
  void note(const std::string& line) const;  // what is worth knowing and no Error

 private:
  explicit Gpu(DeviceOptions options, int) : options_(std::move(options)) {}
  void make_device();
  void start(Queue::Options queue,
             VkPipelineCache cache);  // with a VkDevice: table, memory, kernels, self-test
  void apply_settings();
  void test_capabilities();
  Capability& capability(const char* name);

  DeviceOptions options_;
  std::unique_ptr<Instance> instance_;
  Physical physical_;
  std::string why_;
  bool owned_ = false;  // the VkDevice is ours to destroy
  const VkAllocationCallbacks* allocation_ = nullptr;
  VkDevice device_ = VK_NULL_HANDLE;
  DeviceTable table_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<Kernels> kernels_;
};

}  // namespace fovea
