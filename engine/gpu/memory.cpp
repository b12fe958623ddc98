#include "gpu/memory.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "core/check.h"
#include "gpu/gpu.h"
#include "gpu/recorder.h"
#include "gpu/vma.h"

namespace fovea {

struct Memory::Allocator {
  VmaAllocator handle = nullptr;
  std::mutex ring_mutex;  // of making and of using the ring
};

namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kRingBytes = 4u << 20;
constexpr uint64_t kHalfBytes = kRingBytes / 2;

uint64_t whole_words(uint64_t bytes) { return (bytes + 3) / 4 * 4; }

void check_range(const char* what, const Buffer& buffer, uint64_t offset, uint64_t bytes) {
  FOVEA_CHECK(offset <= buffer.bytes() && bytes <= buffer.bytes() - offset, "memory: ", what, " of ", bytes,
              " bytes at ", offset, " in a buffer of ", buffer.bytes());
}

bool out_of_memory(VkResult result) {
  return result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY ||
         result == VK_ERROR_TOO_MANY_OBJECTS;
}

}  // namespace

// Two halves: while the device copies one, the host fills or empties the other.
class Memory::Ring {
 public:
  explicit Ring(Gpu& gpu)
      : gpu_(gpu),
        buffer_(gpu, kRingBytes, MemoryKind::staging, "staging ring"),
        halves_{Half(gpu), Half(gpu)} {}

  uint64_t bytes() const { return buffer_.bytes(); }

  void write(const Buffer& to, uint64_t offset, std::span<const std::byte> bytes) {
    for (uint64_t done = 0; done < bytes.size();) {
      const size_t h = next();
      const uint64_t piece = std::min<uint64_t>(kHalfBytes, bytes.size() - done);
      gpu_.wait(halves_[h].busy_until);
      std::memcpy(half(h), bytes.data() + done, piece);
      submit(h, {&buffer_, h * kHalfBytes, piece}, {&to, offset + done, piece});
      done += piece;
    }
    for (const Half& each : halves_) gpu_.wait(each.busy_until);
  }

  void read(const Buffer& from, uint64_t offset, std::span<std::byte> bytes) {
    std::array<std::span<std::byte>, 2> pending;  // where the content of each half goes
    const auto collect = [&](size_t h) {
      if (pending[h].empty()) return;
      gpu_.wait(halves_[h].busy_until);
      std::memcpy(pending[h].data(), half(h), pending[h].size());
    };
    for (uint64_t done = 0; done < bytes.size();) {
      const size_t h = next();
      collect(h);
      pending[h] = bytes.subspan(done, std::min<uint64_t>(kHalfBytes, bytes.size() - done));
      submit(h, {&from, offset + done, pending[h].size()}, {&buffer_, h * kHalfBytes, pending[h].size()});
      done += pending[h].size();
    }
    const size_t older = next();
    collect(older);
    collect(1 - older);
  }

  void fill_zero(const Buffer& buffer) {
    Half& first = halves_[0];
    gpu_.wait(first.busy_until);
    first.commands.begin();
    Recorder recorder(gpu_, first.commands.handle());
    recorder.enter();
    gpu_.vk().vkCmdFillBuffer(first.commands.handle(), buffer.handle(), 0, VK_WHOLE_SIZE, 0);
    recorder.leave();
    first.commands.end();
    first.busy_until = gpu_.submit(first.commands.handle());
    gpu_.wait(first.busy_until);
  }

 private:
  struct Half {
    explicit Half(Gpu& gpu) : commands(gpu) {}
    Commands commands;
    uint64_t busy_until = 0;  // timeline value of its last submission
  };

  size_t next() { return turn_ = 1 - turn_; }
  std::byte* half(size_t h) const { return buffer_.mapped() + h * kHalfBytes; }

  void submit(size_t h, const Span& from, const Span& to) {
    const Commands& commands = halves_[h].commands;
    commands.begin();
    Recorder recorder(gpu_, commands.handle());
    recorder.enter();
    recorder.copy(from, to);
    recorder.leave();
    commands.end();
    halves_[h].busy_until = gpu_.submit(commands.handle());
  }

  Gpu& gpu_;
  Buffer buffer_;
  std::array<Half, 2> halves_;
  size_t turn_ = 0;
};

Buffer::Buffer(Gpu& gpu, uint64_t bytes, MemoryKind kind, const char* what)
    : memory_(gpu.memory()), bytes_(bytes) {
  FOVEA_CHECK(bytes > 0, what, ": a buffer of 0 bytes");
  const uint64_t most = gpu.limits().max_buffer_bytes;
  FOVEA_CHECK(bytes <= most, what, ": ", bytes, " bytes, the device allows ", most, " in one buffer");
  const bool map = kind == MemoryKind::staging || memory_.device_is_mapped();
  VkResult result = allocate(kind, map);
  // The heap that host and device share may be small: then the memory is the device's alone.
  if (out_of_memory(result) && map && kind == MemoryKind::device) result = allocate(kind, false);
  FOVEA_CHECK(!out_of_memory(result), what, ": out of memory for ", bytes, " bytes; ", gpu.info().name,
              " has ", gpu.info().memory_bytes, ", buffers of this Device hold ", memory_.allocated_bytes());
  check_vk(result, what);
  const VkBufferDeviceAddressInfo info = {VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, nullptr, handle_};
  address_ = gpu.vk().vkGetBufferDeviceAddress(gpu.device(), &info);
  if (address_ % kAlignment != 0) {
    release();
    fail(what, ": the driver placed a buffer at address ", address_, ", not a multiple of ", kAlignment);
  }
  gpu.name_object(VK_OBJECT_TYPE_BUFFER, reinterpret_cast<uint64_t>(handle_), what);
  memory_.allocated_ += bytes;
}

Buffer::~Buffer() {
  release();
  memory_.allocated_ -= bytes_;
}

void Buffer::release() { vmaDestroyBuffer(memory_.allocator_->handle, handle_, allocation_); }

VkResult Buffer::allocate(MemoryKind kind, bool map) {
  VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = whole_words(bytes_);  // vkCmdFillBuffer fills words
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT |
               VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  VmaAllocationCreateInfo wish = {};
  if (kind == MemoryKind::device) {
    wish.requiredFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  } else {
    wish.preferredFlags = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  }
  if (map) {
    wish.flags = VMA_ALLOCATION_CREATE_MAPPED_BIT;
    wish.requiredFlags |= VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  }
  VmaAllocationInfo made = {};
  const VkResult result = vmaCreateBufferWithAlignment(memory_.allocator_->handle, &info, &wish, kAlignment,
                                                       &handle_, &allocation_, &made);
  // Without the flag VMA maps nothing, whatever the memory could.
  mapped_ = result == VK_SUCCESS && map ? static_cast<std::byte*>(made.pMappedData) : nullptr;
  return result;
}

Memory::Memory(Gpu& gpu) : gpu_(gpu), allocator_(std::make_unique<Allocator>()) {
  VmaVulkanFunctions functions = {};
  functions.vkGetInstanceProcAddr = gpu.instance_table().get_proc;
  functions.vkGetDeviceProcAddr = gpu.instance_table().get_device_proc;
  VmaAllocatorCreateInfo info = {};
  info.flags = VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT;
  info.physicalDevice = gpu.physical().handle;
  info.device = gpu.device();
  info.instance = gpu.instance();
  info.pVulkanFunctions = &functions;
  info.vulkanApiVersion = VK_API_VERSION_1_3;
  check_vk(vmaCreateAllocator(&info, &allocator_->handle), "vmaCreateAllocator");
}

Memory::~Memory() {
  ring_.reset();
  vmaDestroyAllocator(allocator_->handle);
}

bool Memory::device_is_mapped() const { return gpu_.usable("mapped"); }

Memory::Ring& Memory::ring() {
  if (!ring_) {
    ring_ = std::make_unique<Ring>(gpu_);
    allocated_ -= ring_->bytes();
  }
  return *ring_;
}

void Memory::write(const Buffer& to, uint64_t offset, std::span<const std::byte> bytes) {
  check_range("write", to, offset, bytes.size());
  if (bytes.empty()) return;
  if (to.mapped()) {
    gpu_.wait_all();
    std::memcpy(to.mapped() + offset, bytes.data(), bytes.size());
    return;
  }
  const std::lock_guard lock(allocator_->ring_mutex);
  ring().write(to, offset, bytes);
}

void Memory::read(const Buffer& from, uint64_t offset, std::span<std::byte> bytes) {
  check_range("read", from, offset, bytes.size());
  if (bytes.empty()) return;
  if (from.mapped()) {
    gpu_.wait_all();
    std::memcpy(bytes.data(), from.mapped() + offset, bytes.size());
    return;
  }
  const std::lock_guard lock(allocator_->ring_mutex);
  ring().read(from, offset, bytes);
}

void Memory::fill_zero(const Buffer& buffer) {
  if (buffer.mapped()) {
    gpu_.wait_all();
    std::memset(buffer.mapped(), 0, buffer.bytes());
    return;
  }
  const std::lock_guard lock(allocator_->ring_mutex);
  ring().fill_zero(buffer);
}

}  // namespace fovea
