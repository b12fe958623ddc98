// Buffers of one device, by VulkanMemoryAllocator, and copies between host and device through a staging ring.
#pragma once

#include <volk.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

typedef struct VmaAllocation_T* VmaAllocation;

namespace fovea {

class Gpu;
class Memory;

enum class MemoryKind : uint8_t {
  device,   // fastest for shaders; mapped too where host and device share memory
  staging,  // host memory that the device copies from and to
};

// Owns a VkBuffer with its memory. Usable as storage by address, as source and target of copies.
class Buffer {
 public:
  Buffer(Gpu& gpu, uint64_t bytes, MemoryKind kind,
         const char* what);  // an Error says what was too large, and how much
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  VkBuffer handle() const { return handle_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t address() const { return address_; }  // multiple of 64
  std::byte* mapped() const { return mapped_; }  // host address, coherent; null when the memory is not mapped

 private:
  VkResult allocate(MemoryKind kind, bool map);
  void release();

  Memory& memory_;
  uint64_t bytes_, address_ = 0;
  VkBuffer handle_ = VK_NULL_HANDLE;
  VmaAllocation allocation_ = nullptr;
  std::byte* mapped_ = nullptr;
};

// Part of a buffer.
struct Span {
  const Buffer* buffer = nullptr;  // null: absent, address 0
  uint64_t offset = 0, bytes = 0;
  uint64_t address() const { return buffer ? buffer->address() + offset : 0; }
};

class Memory {
 public:
  explicit Memory(Gpu& gpu);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  uint64_t allocated_bytes() const { return allocated_; }  // of live buffers; the staging ring is not counted
  bool device_is_mapped() const;                           // device buffers are host-visible on this device
  // Blocking copies, after all work submitted before: a mapped buffer is copied directly, another through the
  // ring in pieces. Thread safe.
  void write(const Buffer& to, uint64_t offset, std::span<const std::byte> bytes);
  void read(const Buffer& from, uint64_t offset, std::span<std::byte> bytes);
  void fill_zero(const Buffer& buffer);

 private:
  friend class Buffer;
  class Ring;

  Ring& ring();

  Gpu& gpu_;
  struct Allocator;
  std::unique_ptr<Allocator> allocator_;
  std::atomic<uint64_t> allocated_ = 0;
  std::unique_ptr<Ring> ring_;
};

}  // namespace fovea
