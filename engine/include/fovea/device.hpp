// Device: one Vulkan device, opened by Fovea or adopted from a host application.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/core.hpp"
#include "fovea/host.hpp"

namespace fovea {
class Gpu;  // the Vulkan side, engine/gpu/gpu.h: a shared library does not show it
}  // namespace fovea

namespace fovea FOVEA_API {

// Which family of kernels a device runs: register tiles for CPU drivers, shared-memory tiles for GPUs. Where
// the library was built without a device's (FOVEA_KERNEL_CLASSES), opening it is an Error.
enum class KernelClass : uint8_t { cpu, gpu };
const char* name(KernelClass kernels);

// What kernel selection may depend on; choose_tiles is a pure function of this and of shapes.
struct Limits {
  KernelClass kernels = KernelClass::cpu;
  uint32_t subgroup = 8;                // lanes
  uint32_t max_workgroup_lanes = 1024;  // invocations a workgroup
  uint32_t shared_bytes = 32768;        // shared memory a workgroup
  uint32_t max_groups[3] = {65535, 65535, 65535};
  uint64_t max_buffer_bytes = 1u << 30;  // largest single buffer
  bool int64 = false;                    // 64-bit integers in shaders
  bool quad = false;                     // swaps inside groups of four lanes
  bool operator==(const Limits&) const = default;
};

// A hardware feature: used only when the driver advertises it, its self-test passed and nobody disabled it.
struct Capability {
  std::string name;  // "subgroup", "timestamps", ...
  bool advertised = false;
  bool tested = false;    // the known-answer self-test passed
  bool disabled = false;  // by DeviceOptions::disable or FOVEA_DISABLE
  std::string note;       // what the self-test found wrong
  bool usable() const { return advertised && tested && !disabled; }
};

struct DeviceInfo {
  int index = 0;                   // as DeviceOptions::name and FOVEA_DEVICE count it
  std::string name, driver, type;  // type: "discrete", "integrated", "virtual", "cpu" or "other"
  std::string api, driver_version;
  std::string unsuitable;     // why Fovea cannot use it; empty when it can
  uint64_t memory_bytes = 0;  // of the largest device-local heap
  Limits limits;
  std::vector<Capability> capabilities;
};

struct DeviceOptions {
  std::string name;                  // index or part of the name; empty: FOVEA_DEVICE, else the best
  std::vector<std::string> disable;  // capabilities not to use, beside those in FOVEA_DISABLE=a,b
  bool validation = false;    // Khronos layer, synchronization included, or an Error; also FOVEA_VALIDATION=1
  bool low_priority = false;  // other work of the device comes first, where the driver can
  bool ignore_environment = false;  // no FOVEA_* variable counts
  bool skip_selftest = false;       // what the driver advertises is believed
  uint64_t memory_limit = 0;        // bytes taken of each of the device's heaps, at most; 0: no limit
  uint64_t memory_block = 0;        // bytes taken from the driver at once; 0: VulkanMemoryAllocator's choice
  // Folder for compiled kernels, read when the Device is made and written when it goes; empty: none. See
  // cache_folder(). A file of another device, driver or version of Fovea, or a damaged one, is a miss.
  std::string cache;
  std::vector<std::byte> cached_kernels;  // the same from memory: what Device::cached_kernels() gave
  // Gets what is worth knowing and no Error, a line each, from any thread; empty: it goes to stderr.
  std::function<void(const std::string& line)> log;
};

// Bytes of device memory.
struct MemoryUse {
  uint64_t held = 0;     // taken from the driver: what is used, staging, and free parts of blocks
  uint64_t used = 0;     // by States and Plans
  uint64_t largest = 0;  // that were ever held at once
};

class Device {
 public:
  explicit Device(const DeviceOptions& options = {});
  explicit Device(const HostDevice& host, const DeviceOptions& options = {});
  ~Device();  // after every State and Plan made on it; returns all memory
  Device(Device&&) noexcept;
  Device& operator=(Device&&) noexcept;

  const DeviceInfo& info() const;
  const std::string& why() const;                  // why this device was chosen
  const std::vector<std::string>& layers() const;  // active instance layers
  MemoryUse memory() const;
  void trim();  // gives back what only speeds up later copies; blocks while copies are on their way
  std::vector<std::byte> cached_kernels() const;         // for DeviceOptions::cached_kernels of a later start
  std::vector<std::string> validation_messages() const;  // all so far; empty without validation

  static std::vector<DeviceInfo> list();  // every physical device, usable or not; nothing is tested

  // Whether the work of a ticket is done, after at most this time. An Error if the device is lost.
  bool poll(Ticket ticket, double milliseconds = 0) const;

  Gpu& gpu() const { return *gpu_; }

 private:
  std::unique_ptr<Gpu> gpu_;
};

// The user's folder for compiled kernels: $XDG_CACHE_HOME/fovea or ~/.cache/fovea, on Windows
// %LOCALAPPDATA%\\fovea, on macOS ~/Library/Caches/fovea; empty where there is none or FOVEA_CACHE=0.
std::string cache_folder();

}  // namespace fovea
