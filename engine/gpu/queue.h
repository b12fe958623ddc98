// Queue: the one path by which Fovea submits, and by which it waits for what it submitted. Only functions of
// Vulkan 1.0 are called: a host's device needs neither timeline semaphores nor synchronization2.
#pragma once

#include <volk.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/table.h"

namespace fovea {

struct Submission {
  VkCommandBuffer commands = VK_NULL_HANDLE;
  uint32_t times = 1;                       // in a row, at most kMaxReplays
  std::span<const Semaphore> wait, signal;  // a host's
};

class Queue {
 public:
  static constexpr uint32_t kMaxReplays = 16;

  struct Options {
    VkQueue handle = VK_NULL_HANDLE;
    const VkAllocationCallbacks* allocation = nullptr;
    const HostDevice* host = nullptr;  // its locks and never_submit; null: an own device
    std::string device;                // for messages
  };
  Queue(const DeviceTable& table, VkDevice device, const Options& options);
  ~Queue();  // waits for what it submitted
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Tickets count up from 1, and are done in that order. Thread safe, all of it. After
  // VK_ERROR_DEVICE_LOST everything throws the same Error for good.
  Ticket submit(const Submission& what);
  bool wait(Ticket ticket, uint64_t nanoseconds = UINT64_MAX);  // false: not done within this time
  void wait_all() { wait(submitted_); }
  bool never_submits() const { return never_submits_; }
  void check_alive(VkResult result, const char* call);  // makes a lost device sticky

 private:
  struct Fence {
    VkFence handle = VK_NULL_HANDLE;
    Ticket ticket = 0;             // whose end it signals
    std::atomic<int> waiters = 0;  // threads: it is not used anew before they are gone
  };
  Fence& free_fence();  // not signalled
  VkResult submit_locked(const Submission& what, VkFence fence);
  void note_done(Ticket ticket);

  const DeviceTable& table_;
  VkDevice device_;
  VkQueue handle_;
  const VkAllocationCallbacks* allocation_;
  std::string name_;
  void (*lock_)(void*) = nullptr;
  void (*unlock_)(void*) = nullptr;
  void* user_ = nullptr;
  bool never_submits_ = false;

  std::mutex mutex_;  // of the queue and of what follows
  std::vector<std::unique_ptr<Fence>> fences_;
  std::vector<Fence*> pending_;  // by ticket
  std::atomic<Ticket> submitted_ = 0, done_ = 0;
  std::atomic<bool> lost_ = false;
};

}  // namespace fovea
