// Device: one Vulkan device, opened by Fovea or adopted from a host application.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/core.hpp"

// Vulkan's own handle types, so that this header needs no vulkan.h (the repeated typedefs agree with it).
typedef struct VkInstance_T* VkInstance;
typedef struct VkPhysicalDevice_T* VkPhysicalDevice;
typedef struct VkDevice_T* VkDevice;
typedef struct VkQueue_T* VkQueue;
typedef struct VkCommandBuffer_T* VkCommandBuffer;

namespace fovea {
class Gpu;  // the Vulkan side, engine/gpu/gpu.h: a shared library does not show it
}  // namespace fovea

namespace fovea FOVEA_API {

// Which family of kernels a device runs: register tiles for CPU drivers, shared-memory tiles for GPUs.
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
  bool validation = false;  // Khronos layer, synchronization included, or an Error; also FOVEA_VALIDATION=1
};

// A device that a host application made. Fovea uses it and never destroys it; validation is the host's own.
// The device needs Vulkan 1.3 with bufferDeviceAddress, timelineSemaphore, synchronization2, maintenance4,
// subgroupSizeControl and computeFullSubgroups enabled (Device::required_features names them); one that the
// chain lacks is an Error. The host keeps instance, device and queue until the Device is gone.
struct HostDevice {
  VkInstance instance = nullptr;
  VkPhysicalDevice physical = nullptr;
  VkDevice device = nullptr;
  VkQueue queue = nullptr;  // of a family with compute; Fovea submits to it from the calling thread
  uint32_t family = 0;
  const void* features = nullptr;  // the VkPhysicalDeviceFeatures2 chain given to vkCreateDevice
  void* (*get_instance_proc_addr)(VkInstance, const char*) = nullptr;  // null: the system's Vulkan loader
};

class Device {
 public:
  explicit Device(const DeviceOptions& options = {});
  explicit Device(const HostDevice& host, const DeviceOptions& options = {});
  ~Device();  // after every State and Plan made on it; returns all memory
  Device(Device&&) noexcept;
  Device& operator=(Device&&) noexcept;

  const DeviceInfo& info() const;
  const std::string& why() const;                        // why this device was chosen
  const std::vector<std::string>& layers() const;        // active instance layers
  uint64_t allocated_bytes() const;                      // device memory in use by buffers
  std::vector<std::string> validation_messages() const;  // all so far; empty without validation

  static std::vector<DeviceInfo> list();  // every physical device, usable or not; nothing is tested
  static std::vector<std::string> required_features();

  Gpu& gpu() const { return *gpu_; }

 private:
  std::unique_ptr<Gpu> gpu_;
};

}  // namespace fovea
