#include "gpu/memory.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/check.h"
#include "gpu/gpu.h"
#include "gpu/staging.h"
#include "gpu/usage.h"
#include "gpu/vma.h"

namespace fovea {

namespace {

constexpr uint64_t kAlignment = 64;

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

Buffer::Buffer(Gpu& gpu, uint64_t bytes, MemoryKind kind, const char* what)
    : gpu_(gpu), memory_(gpu.memory()), bytes_(bytes), users_(std::make_shared<Users>()) {
  FOVEA_CHECK(bytes > 0, what, ": a buffer of 0 bytes");
  const uint64_t most = gpu.limits().max_buffer_bytes;
  FOVEA_CHECK_AS(unsupported, bytes <= most, what, ": ", bytes, " bytes, the device allows ", most,
                 " in one buffer");
  const bool must_map = kind != MemoryKind::device || gpu.queue().never_submits();
  const bool map = must_map || memory_.device_is_mapped();
  VkResult result = allocate(kind, map);
  // The heap that host and device share may be small: then the memory is the device's alone.
  if (out_of_memory(result) && map && !must_map) result = allocate(kind, false);
  FOVEA_CHECK_AS(out_of_memory, !out_of_memory(result), what, ": out of memory for ", bytes, " bytes; ",
                 gpu.info().name, " has ", gpu.info().memory_bytes, memory_.limit_text(),
                 ", this Device holds ", memory_.use().held);
  check_vk(result, what);
  find_address();
  if (address_ % kAlignment != 0) {
    release();
    fail(what, ": the driver placed a buffer at address ", address_, ", not a multiple of ", kAlignment);
  }
  gpu.name_object(VK_OBJECT_TYPE_BUFFER, reinterpret_cast<uint64_t>(handle_), what);
  memory_.used_ += bytes;
  memory_.note_held();
}

Buffer::Buffer(Gpu& gpu, VkBuffer lent, uint64_t bytes)
    : gpu_(gpu), memory_(gpu.memory()), bytes_(bytes), handle_(lent), users_(std::make_shared<Users>()) {
  find_address();
}

void Buffer::find_address() {
  const VkBufferDeviceAddressInfo info = {VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, nullptr, handle_};
  address_ = gpu_.vk().vkGetBufferDeviceAddress(gpu_.device(), &info);
}

Buffer::~Buffer() {
  if (!allocation_) return;
  try {
    memory_.settle(*this);
  } catch (const Error&) {
    // A lost device copies nothing any more.
  }
  release();
  memory_.used_ -= bytes_;
}

void Buffer::release() { vmaDestroyBuffer(memory_.allocator_, handle_, allocation_); }

VkResult Buffer::allocate(MemoryKind kind, bool map) {
  VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = whole_words(bytes_);  // vkCmdFillBuffer fills words
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT |
               VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  VmaAllocationCreateInfo wish = {};
  if (kind == MemoryKind::device && gpu_.queue().never_submits()) {
    wish.preferredFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  } else if (kind == MemoryKind::device) {
    wish.requiredFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  } else {
    wish.preferredFlags = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  }
  if (map) {
    wish.flags = VMA_ALLOCATION_CREATE_MAPPED_BIT;
    wish.requiredFlags |= VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  }
  if (kind == MemoryKind::ring) wish.flags |= VMA_ALLOCATION_CREATE_DEDICATED_MEMORY_BIT;
  VmaAllocationInfo made = {};
  const VkResult result = vmaCreateBufferWithAlignment(memory_.allocator_, &info, &wish, kAlignment, &handle_,
                                                       &allocation_, &made);
  // Without the flag VMA maps nothing, whatever the memory could.
  mapped_ = result == VK_SUCCESS && map ? static_cast<std::byte*>(made.pMappedData) : nullptr;
  return result;
}

Memory::Memory(Gpu& gpu, const DeviceOptions& options) : gpu_(gpu), limit_(options.memory_limit) {
  VmaVulkanFunctions functions = {};
  functions.vkGetInstanceProcAddr = gpu.instance_table().get_proc;
  functions.vkGetDeviceProcAddr = gpu.instance_table().get_device_proc;
  const std::vector<VkDeviceSize> limits(VK_MAX_MEMORY_HEAPS, limit_ > 0 ? limit_ : VK_WHOLE_SIZE);
  VmaAllocatorCreateInfo info = {};
  info.flags = VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT;
  info.physicalDevice = gpu.physical().handle;
  info.device = gpu.device();
  info.instance = gpu.instance();
  info.pVulkanFunctions = &functions;
  info.pAllocationCallbacks = gpu.allocation();
  info.preferredLargeHeapBlockSize = options.memory_block;
  info.pHeapSizeLimit = limits.data();
  info.vulkanApiVersion = VK_API_VERSION_1_2;  // of what VMA may call: maintenance4 may be switched off
  check_vk(vmaCreateAllocator(&info, &allocator_), "vmaCreateAllocator");
}

Memory::~Memory() {
  staging_.reset();
  vmaDestroyAllocator(allocator_);
}

bool Memory::device_is_mapped() const { return gpu_.usable("mapped"); }

std::string Memory::limit_text() const {
  return limit_ > 0 ? concat(", DeviceOptions::memory_limit is ", limit_) : "";
}

MemoryUse Memory::use() const {
  MemoryUse use;
  use.used = used_;
  std::array<VmaBudget, VK_MAX_MEMORY_HEAPS> heaps{};
  vmaGetHeapBudgets(allocator_, heaps.data());
  for (const VmaBudget& heap : heaps) use.held += heap.statistics.blockBytes;
  const std::lock_guard lock(mutex_);
  use.largest = std::max(largest_, use.held);
  return use;
}

void Memory::note_held() {
  const uint64_t held = use().held;
  const std::lock_guard lock(mutex_);
  largest_ = std::max(largest_, held);
}

void Memory::trim() {
  const std::lock_guard lock(staging_mutex_);
  if (!staging_) return;
  staging_->drain();
  used_ += staging_->bytes();  // the ring's destructor takes them off again
  staging_.reset();
}

std::shared_ptr<Staging> Memory::staging() {
  const std::lock_guard lock(staging_mutex_);
  if (!staging_) {
    staging_ = std::make_shared<Staging>(gpu_);
    used_ -= staging_->bytes();
  }
  return staging_;
}

bool Memory::wait_for_users(const Buffer& buffer) {
  const Users& users = *buffer.users_;
  for (auto user = users.next(nullptr); user; user = users.next(user.get())) {
    if (user->known()) continue;
    FOVEA_CHECK_AS(not_ready, !gpu_.queue().never_submits(),
                   "memory: a copy while a host's recording may use the buffer: the host says until when "
                   "(Plan::in_use_until or Plan::finished)");
    return false;
  }
  if (!buffer.mapped()) return false;
  settle(buffer);
  for (auto user = users.next(nullptr); user; user = users.next(user.get())) user->wait();
  return true;
}

void Memory::settle(const Buffer& buffer) {
  if (!buffer.staged_.exchange(false)) return;
  if (const auto ring = current_staging()) ring->drain();
}

void Memory::write(const Buffer& to, uint64_t offset, std::span<const std::byte> bytes) {
  check_range("write", to, offset, bytes.size());
  if (bytes.empty()) return;
  if (wait_for_users(to)) {
    std::memcpy(to.mapped() + offset, bytes.data(), bytes.size());
    return;
  }
  staging()->write(to, offset, bytes);
  note_staged(to);
}

void Memory::read(const Buffer& from, uint64_t offset, std::span<std::byte> bytes) {
  check_range("read", from, offset, bytes.size());
  if (bytes.empty()) return;
  if (wait_for_users(from)) {
    std::memcpy(bytes.data(), from.mapped() + offset, bytes.size());
    return;
  }
  staging()->read(from, offset, bytes);
}

void Memory::copy(const Span& from, const Span& to) {
  check_range("copy", *from.buffer, from.offset, from.bytes);
  check_range("copy", *to.buffer, to.offset, to.bytes);
  const bool reads = wait_for_users(*from.buffer), writes = wait_for_users(*to.buffer);
  if (reads && writes) {
    std::memcpy(to.buffer->mapped() + to.offset, from.buffer->mapped() + from.offset, from.bytes);
    return;
  }
  staging()->copy(from, to);
  note_staged(*from.buffer);
  note_staged(*to.buffer);
}

void Memory::fill_zero(const Buffer& buffer) {
  if (wait_for_users(buffer)) {
    std::memset(buffer.mapped(), 0, buffer.bytes());
    return;
  }
  staging()->fill_zero(buffer);
  note_staged(buffer);
}

// A host may submit what it recorded at any time: the copy then goes to the queue at once, in front of it.
void Memory::note_staged(const Buffer& buffer) {
  buffer.staged_ = true;
  if (buffer.users_->hosted()) flush();
}

void Memory::flush() {
  if (const auto ring = current_staging()) ring->flush();
}

std::shared_ptr<Staging> Memory::current_staging() {
  const std::lock_guard lock(staging_mutex_);
  return staging_;
}

}  // namespace fovea
