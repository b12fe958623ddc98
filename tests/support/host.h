// An application with a Vulkan of its own, and its own validation where FOVEA_VALIDATION asks for it.
#pragma once

#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/table.h"

namespace fovea::test {

struct HostWish {
  // Of bufferDeviceAddress, timelineSemaphore, synchronization2, maintenance4, subgroupSizeControl,
  // computeFullSubgroups and shaderInt64.
  std::vector<std::string> features = {"bufferDeviceAddress", "timelineSemaphore"};
  uint32_t api_version = VK_API_VERSION_1_3;
};
extern const HostWish kEverything;  // all of these but shaderInt64

class Host {
 public:
  explicit Host(const HostWish& wish = kEverything);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  HostDevice offer() const;
  void destroy_device();  // objects that Fovea left behind are reported here
  const DeviceTable& vk() const { return device_table_; }
  const InstanceTable& instance_table() const { return table_; }
  VkDevice device() const { return device_; }
  VkSemaphore make_timeline();  // destroyed with the host

  std::vector<std::string> messages;  // of validation

 private:
  static VKAPI_ATTR VkBool32 VKAPI_CALL note(VkDebugUtilsMessageSeverityFlagBitsEXT,
                                             VkDebugUtilsMessageTypeFlagsEXT,
                                             const VkDebugUtilsMessengerCallbackDataEXT* data, void* user);
  void make_instance(uint32_t api_version);
  void make_device(const HostWish& wish);

  VkInstance instance_ = VK_NULL_HANDLE;
  VkPhysicalDevice physical_ = VK_NULL_HANDLE;
  VkDevice device_ = VK_NULL_HANDLE;
  InstanceTable table_;
  DeviceTable device_table_;
  std::vector<VkSemaphore> semaphores_;
  uint32_t api_version_ = 0;
  VkDebugUtilsMessengerCreateInfoEXT messenger_info_ = {
      VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  VkPhysicalDeviceVulkan12Features v12_ = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features v13_ = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &v12_};
  VkPhysicalDeviceFeatures2 features_ = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v13_};
};

}  // namespace fovea::test
