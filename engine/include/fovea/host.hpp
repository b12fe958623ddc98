// HostDevice: a Vulkan device that a host application made and lends to Fovea.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/version.h"

// Vulkan's own handle types, so that this header needs no vulkan.h (the repeated typedefs agree with it).
typedef struct VkInstance_T* VkInstance;
typedef struct VkPhysicalDevice_T* VkPhysicalDevice;
typedef struct VkDevice_T* VkDevice;
typedef struct VkQueue_T* VkQueue;
typedef struct VkCommandBuffer_T* VkCommandBuffer;
#if UINTPTR_MAX == UINT64_MAX
typedef struct VkSemaphore_T* VkSemaphore;
typedef struct VkPipelineCache_T* VkPipelineCache;
typedef struct VkBuffer_T* VkBuffer;
typedef struct VkImage_T* VkImage;
#else
typedef uint64_t VkSemaphore;
typedef uint64_t VkPipelineCache;
typedef uint64_t VkBuffer;
typedef uint64_t VkImage;
#endif
struct VkAllocationCallbacks;

namespace fovea FOVEA_API {

// Fovea uses the device and never destroys it; validation is the host's own. It needs Vulkan 1.3, of the
// instance too, and the feature bufferDeviceAddress; what else Fovea uses where it is enabled,
// enable_features names. The host keeps instance, device, queue and cache until the Device is gone.
struct HostDevice {
  VkInstance instance = nullptr;
  VkPhysicalDevice physical = nullptr;
  VkDevice device = nullptr;
  VkQueue queue = nullptr;  // of a family with compute; Fovea submits to it from the calling thread
  uint32_t family = 0;
  const void* features = nullptr;  // the VkPhysicalDeviceFeatures2 chain given to vkCreateDevice
  void* (*get_instance_proc_addr)(VkInstance, const char*) = nullptr;  // null: the system's Vulkan loader
  uint32_t api_version = 0;  // VkApplicationInfo::apiVersion of the instance; 0: as far as the driver tells
  // Called around every submission, from the thread that submits: a queue takes one call at a time. Null: the
  // queue is Fovea's alone, or all calls of the Device that may submit come under the host's own lock.
  void (*lock)(void* user) = nullptr;
  void (*unlock)(void* user) = nullptr;
  void* user = nullptr;
  VkPipelineCache pipeline_cache = nullptr;           // for compiled kernels; null: Fovea's own
  const VkAllocationCallbacks* allocation = nullptr;  // for all that Fovea makes; the host keeps it
  // Fovea submits nothing, not even a copy: plans are recorded into the host's command buffers, and device
  // memory is what host and device share. There is no self-test then.
  bool never_submit = false;
};

// Switches on what Fovea uses of a physical device in the structures of a VkPhysicalDeviceFeatures2 chain,
// for a host that makes its device for Fovea too: its device and queue may be missing yet. The result names
// what the chain has no structure for: the first is bufferDeviceAddress if that is among them, the others
// only make Fovea faster.
std::vector<std::string> enable_features(const HostDevice& host, void* chain);

// A semaphore of the host; value 0: a binary one, else the value of a timeline.
struct Semaphore {
  VkSemaphore handle = {};
  uint64_t value = 0;
};

// A part of a buffer of the host, whose usage has STORAGE_BUFFER and SHADER_DEVICE_ADDRESS and whose memory
// was allocated for addresses. The host keeps both while a plan that it is bound to may run.
struct HostBuffer {
  VkBuffer handle = {};
  uint64_t offset = 0;  // bytes, a multiple of 16
  uint64_t bytes = 0;
};

// How the texels of a host's image lie, as in Vulkan's R8G8B8A8_UNORM, B8G8R8A8_UNORM, R8G8B8A8_SRGB,
// B8G8R8A8_SRGB and R16G16B16A16_SFLOAT.
enum class TexelFormat : uint8_t { rgba8, bgra8, rgba8_srgb, bgra8_srgb, rgba16f };
const char* name(TexelFormat format);

// A two-dimensional colour image of the host, its mip level 0 and layer 0, whose usage has TRANSFER_SRC where
// a plan reads it and TRANSFER_DST where one writes it. It belongs to the family of the queue that the work
// runs on, or to several.
struct HostImage {
  VkImage handle = {};
  TexelFormat format = TexelFormat::rgba8;
  uint32_t width = 0, height = 0;
  // VkImageLayout: the one that the work finds it in, and the one that it leaves it in. Whatever the queue
  // did with the image before comes first, and everything behind sees what the work wrote.
  uint32_t before = 0, after = 0;
};

using Ticket = uint64_t;  // of a submission to a Device; 0: of none

}  // namespace fovea
