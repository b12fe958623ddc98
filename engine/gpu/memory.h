// Buffers of one device, by VulkanMemoryAllocator, and copies between host and device.
#pragma once

#include <volk.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "fovea/device.hpp"

typedef struct VmaAllocation_T* VmaAllocation;
typedef struct VmaAllocator_T* VmaAllocator;

namespace fovea {

class Gpu;
class Memory;
class Staging;
class Users;

enum class MemoryKind : uint8_t {
  device,   // fastest for shaders; mapped too where host and device share memory
  staging,  // host memory that the device copies from and to
  ring,     // staging in memory of its own: all of it goes back with the buffer
};

// Owns a VkBuffer with its memory, usable as storage by address, as source and target of copies; or names one
// that a host lends, usable as storage by address alone.
class Buffer {
 public:
  Buffer(Gpu& gpu, uint64_t bytes, MemoryKind kind,
         const char* what);  // an Error says what was too large, and how much
  Buffer(Gpu& gpu, VkBuffer lent, uint64_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  VkBuffer handle() const { return handle_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t address() const { return address_; }  // multiple of 64; of a lent one, what the driver gave
  const std::shared_ptr<Users>& users() const { return users_; }
  std::byte* mapped() const { return mapped_; }  // host address, coherent; null when the memory is not mapped

 private:
  friend class Memory;
  VkResult allocate(MemoryKind kind, bool map);
  void find_address();
  void release();

  Gpu& gpu_;
  Memory& memory_;
  uint64_t bytes_, address_ = 0;
  VkBuffer handle_ = VK_NULL_HANDLE;
  VmaAllocation allocation_ = nullptr;  // null: lent
  std::byte* mapped_ = nullptr;
  std::shared_ptr<Users> users_;
  mutable std::atomic<bool> staged_ = false;  // copies through the ring may be on their way
};

// Part of a buffer.
struct Span {
  const Buffer* buffer = nullptr;  // null: absent, address 0
  uint64_t offset = 0, bytes = 0;
  uint64_t address() const { return buffer ? buffer->address() + offset : 0; }
};

class Memory {
 public:
  Memory(Gpu& gpu, const DeviceOptions& options);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  MemoryUse use() const;
  void trim();
  bool device_is_mapped() const;  // device buffers are host-visible on this device

  // Copies that come after what the buffer's users were submitted with: a mapped buffer is copied at once,
  // when they are done; another, or one that a host uses until nobody knows when, by the queue. Read waits
  // for the copy, write and fill_zero need not. Thread safe.
  void write(const Buffer& to, uint64_t offset, std::span<const std::byte> bytes);
  void read(const Buffer& from, uint64_t offset, std::span<std::byte> bytes);
  void copy(const Span& from, const Span& to);  // equal bytes
  void fill_zero(const Buffer& buffer);
  void flush();  // submits the copies that have gathered: before any submission that may use them

 private:
  friend class Buffer;

  std::shared_ptr<Staging> staging();          // made if it is not there yet
  std::shared_ptr<Staging> current_staging();  // null: there is none
  // Waits for the buffer's users if that is possible and the host can copy; else the queue has to.
  bool wait_for_users(const Buffer& buffer);
  void note_held();
  void note_staged(const Buffer& buffer);
  std::string limit_text() const;
  void settle(const Buffer& buffer);  // no copy of it is on its way

  Gpu& gpu_;
  VmaAllocator allocator_ = nullptr;
  std::mutex staging_mutex_;
  std::shared_ptr<Staging> staging_;  // made for the first copy that needs it
  mutable std::mutex mutex_;          // of largest_
  std::atomic<uint64_t> used_ = 0;
  uint64_t limit_ = 0, largest_ = 0;
};

}  // namespace fovea
