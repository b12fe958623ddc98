// The host's own Vulkan: instance, device and one queue, as a game has them before Fovea comes.
#pragma once

#include <vulkan/vulkan.h>

#include <cstdint>
#include <fovea/host.hpp>
#include <mutex>
#include <string>
#include <vector>

void check(VkResult result, const char* call);

struct HostOptions {
  std::string device;  // part of the name
  std::vector<const char*> instance_extensions;
  bool validation = false;
};

class Host {
 public:
  explicit Host(const HostOptions& options);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  fovea::HostDevice offer();  // what Fovea adopts

  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physical = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;  // takes graphics, compute and presentation, one call at a time
  std::mutex queue_lock;
  uint32_t family = 0;
  VkPhysicalDeviceProperties properties{};
  std::vector<std::string> messages;  // of validation

  uint32_t memory_type(uint32_t types, VkMemoryPropertyFlags flags) const;

 private:
  void make_instance(const HostOptions& options);
  void choose_device(const std::string& name);
  void make_device();
  static VKAPI_ATTR VkBool32 VKAPI_CALL note(VkDebugUtilsMessageSeverityFlagBitsEXT,
                                             VkDebugUtilsMessageTypeFlagsEXT,
                                             const VkDebugUtilsMessengerCallbackDataEXT* data, void* host);

  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  std::mutex messages_lock_;
  // Fovea reads the chain that vkCreateDevice got, so it is kept.
  VkPhysicalDeviceVulkan12Features vulkan12_{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features vulkan13_{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
                                             &vulkan12_};
  VkPhysicalDeviceFeatures2 features_{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &vulkan13_};
};
