// Function tables: one for each instance and one for each device, so that several devices, and a host with
// its own loader, live side by side. volk only opens the system's loader: volkLoadDeviceTable would ask
// volk's global vkGetDeviceProcAddr, which belongs to one loader.
#pragma once

#include <volk.h>

#include "fovea/core.hpp"

namespace fovea {

struct InstanceTable {
  PFN_vkGetInstanceProcAddr get_proc = nullptr;
  PFN_vkEnumeratePhysicalDevices enumerate_physical_devices = nullptr;
  PFN_vkEnumerateDeviceExtensionProperties enumerate_device_extensions = nullptr;
  PFN_vkGetPhysicalDeviceProperties2 get_properties2 = nullptr;
  PFN_vkGetPhysicalDeviceFeatures2 get_features2 = nullptr;
  PFN_vkGetPhysicalDeviceMemoryProperties get_memory_properties = nullptr;
  PFN_vkGetPhysicalDeviceQueueFamilyProperties get_queue_families = nullptr;
  PFN_vkCreateDevice create_device = nullptr;
  PFN_vkGetDeviceProcAddr get_device_proc = nullptr;
  PFN_vkDestroyInstance destroy_instance = nullptr;
  // Null without VK_EXT_debug_utils:
  PFN_vkCreateDebugUtilsMessengerEXT create_messenger = nullptr;
  PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger = nullptr;
  PFN_vkCmdBeginDebugUtilsLabelEXT begin_label = nullptr;
  PFN_vkCmdEndDebugUtilsLabelEXT end_label = nullptr;
  PFN_vkSetDebugUtilsObjectNameEXT set_name = nullptr;
};

// Every device function Fovea calls: using another one is a compile error until it stands here.
// clang-format off
#define FOVEA_DEVICE_FUNCTIONS(X)                                                                       \
  X(vkDestroyDevice) X(vkGetDeviceQueue) X(vkQueueSubmit) X(vkWaitSemaphores)                           \
  X(vkCreateFence) X(vkDestroyFence) X(vkResetFences) X(vkWaitForFences)                                \
  X(vkCreateCommandPool) X(vkDestroyCommandPool) X(vkAllocateCommandBuffers)                            \
  X(vkBeginCommandBuffer) X(vkEndCommandBuffer)                                                         \
  X(vkCreateShaderModule) X(vkDestroyShaderModule) X(vkCreatePipelineLayout) X(vkDestroyPipelineLayout) \
  X(vkCreatePipelineCache) X(vkDestroyPipelineCache) X(vkGetPipelineCacheData)                          \
  X(vkCreateComputePipelines) X(vkDestroyPipeline) X(vkGetBufferDeviceAddress)                          \
  X(vkCreateQueryPool) X(vkDestroyQueryPool) X(vkGetQueryPoolResults)                                   \
  X(vkCmdResetQueryPool) X(vkCmdWriteTimestamp) X(vkCmdBindPipeline) X(vkCmdPushConstants)              \
  X(vkCmdDispatch) X(vkCmdPipelineBarrier) X(vkCmdCopyBuffer) X(vkCmdFillBuffer)                        \
  X(vkCmdCopyImageToBuffer) X(vkCmdCopyBufferToImage)
// clang-format on

struct DeviceTable {
#define FOVEA_MEMBER(function) PFN_##function function = nullptr;
  FOVEA_DEVICE_FUNCTIONS(FOVEA_MEMBER)
#undef FOVEA_MEMBER
};

// A function the loader or driver lacks is an Error that names it.
InstanceTable load_instance_table(PFN_vkGetInstanceProcAddr get_proc, VkInstance instance);
DeviceTable load_device_table(PFN_vkGetDeviceProcAddr get_proc, VkDevice device);

// Throws an Error that names the call and the result unless result is VK_SUCCESS.
void check_vk(VkResult result, const char* call);
const char* name(VkResult result);
std::string version_text(uint32_t version);  // 1.3.250
ErrorCode code_of(VkResult result);

}  // namespace fovea
