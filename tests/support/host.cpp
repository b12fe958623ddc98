#include "support/host.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "gpu/instance.h"

namespace fovea::test {

const HostWish kEverything = {.features = {"bufferDeviceAddress", "timelineSemaphore", "synchronization2",
                                           "maintenance4", "subgroupSizeControl", "computeFullSubgroups"}};

Host::Host(const HostWish& wish) : api_version_(wish.api_version) {
  REQUIRE(volkInitialize() == VK_SUCCESS);
  make_instance(wish.api_version);
  table_ = load_instance_table(vkGetInstanceProcAddr, instance_);
  if (table_.create_messenger)
    check_vk(table_.create_messenger(instance_, &messenger_info_, nullptr, &messenger_), "messenger");
  uint32_t count = 1;
  table_.enumerate_physical_devices(instance_, &count, &physical_);
  REQUIRE(count == 1);
  make_device(wish);
}

Host::~Host() {
  if (device_) destroy_device();
  if (messenger_) table_.destroy_messenger(instance_, messenger_, nullptr);
  table_.destroy_instance(instance_, nullptr);
}

void Host::destroy_device() {
  for (const VkSemaphore each : semaphores_) {
    const auto destroy =
        reinterpret_cast<PFN_vkDestroySemaphore>(table_.get_device_proc(device_, "vkDestroySemaphore"));
    destroy(device_, each, nullptr);
  }
  semaphores_.clear();
  device_table_.vkDestroyDevice(device_, nullptr);
  device_ = VK_NULL_HANDLE;
}

HostDevice Host::offer() const {
  VkQueue queue = VK_NULL_HANDLE;
  device_table_.vkGetDeviceQueue(device_, 0, 0, &queue);
  HostDevice host;
  host.instance = instance_;
  host.physical = physical_;
  host.device = device_;
  host.queue = queue;
  host.features = &features_;
  host.api_version = api_version_;
  return host;
}

VkSemaphore Host::make_timeline() {
  VkSemaphoreTypeCreateInfo type = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO};
  type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
  const VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type};
  const auto create =
      reinterpret_cast<PFN_vkCreateSemaphore>(table_.get_device_proc(device_, "vkCreateSemaphore"));
  check_vk(create(device_, &info, nullptr, &semaphores_.emplace_back()), "vkCreateSemaphore");
  return semaphores_.back();
}

VKAPI_ATTR VkBool32 VKAPI_CALL Host::note(VkDebugUtilsMessageSeverityFlagBitsEXT,
                                          VkDebugUtilsMessageTypeFlagsEXT,
                                          const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
  static_cast<Host*>(user)->messages.push_back(data->pMessage);
  return VK_FALSE;
}

void Host::make_instance(uint32_t api_version) {
  const char* layer = "VK_LAYER_KHRONOS_validation";
  const char* extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
  messenger_info_.messageSeverity =
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  messenger_info_.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
  messenger_info_.pfnUserCallback = note;
  messenger_info_.pUserData = this;
  const VkValidationFeatureEnableEXT sync = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  const VkValidationFeaturesEXT features = {VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT, nullptr, 1, &sync};
  VkApplicationInfo application = {VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.apiVersion = api_version;
  VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pApplicationInfo = &application;
  info.ppEnabledLayerNames = &layer;
  info.ppEnabledExtensionNames = extensions;
  if (validation_demanded({})) {
    info.pNext = &features;
    info.enabledLayerCount = 1;
    info.enabledExtensionCount = 2;
  }
  check_vk(vkCreateInstance(&info, nullptr, &instance_), "vkCreateInstance");
}

void Host::make_device(const HostWish& wish) {
  const auto has = [&](const char* feature) {
    return VkBool32(std::find(wish.features.begin(), wish.features.end(), feature) != wish.features.end());
  };
  features_.features.shaderInt64 = has("shaderInt64");
  v12_.bufferDeviceAddress = has("bufferDeviceAddress");
  v12_.timelineSemaphore = has("timelineSemaphore");
  v13_.synchronization2 = has("synchronization2");
  v13_.maintenance4 = has("maintenance4");
  v13_.subgroupSizeControl = has("subgroupSizeControl");
  v13_.computeFullSubgroups = has("computeFullSubgroups");
  if (wish.api_version < VK_API_VERSION_1_3) features_.pNext = &v12_;
  const float priority = 1;
  VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features_};
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  check_vk(table_.create_device(physical_, &info, nullptr, &device_), "vkCreateDevice");
  device_table_ = load_device_table(table_.get_device_proc, device_);
}

}  // namespace fovea::test
