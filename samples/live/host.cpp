#include "host.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>

void check(VkResult result, const char* call) {
  if (result != VK_SUCCESS)
    throw std::runtime_error(std::string(call) + " gives VkResult " + std::to_string(int(result)));
}

namespace {

// Of graphics and compute on one queue, or -1. A device that presents does so on it wherever one is known.
int family_of(VkPhysicalDevice physical) {
  uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, families.data());
  constexpr VkQueueFlags wanted = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
  for (uint32_t i = 0; i < count; ++i)
    if ((families[i].queueFlags & wanted) == wanted) return int(i);
  return -1;
}

// Of a device, or without one of instances.
bool has_extension(VkPhysicalDevice physical, std::string_view name) {
  const auto list = [&](uint32_t* count, VkExtensionProperties* to) {
    return physical ? vkEnumerateDeviceExtensionProperties(physical, nullptr, count, to)
                    : vkEnumerateInstanceExtensionProperties(nullptr, count, to);
  };
  uint32_t count = 0;
  check(list(&count, nullptr), "listing extensions");
  std::vector<VkExtensionProperties> all(count);
  check(list(&count, all.data()), "listing extensions");
  return std::ranges::any_of(all,
                             [&](const VkExtensionProperties& each) { return name == each.extensionName; });
}

int rank(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return 3;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return 2;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

Host::Host(const HostOptions& options) {
  make_instance(options);
  choose_device(options.device);
  make_device();
}

Host::~Host() {
  if (device) vkDestroyDevice(device, nullptr);
  if (messenger_) {
    const auto destroy = reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(
        vkGetInstanceProcAddr(instance, "vkDestroyDebugUtilsMessengerEXT"));
    destroy(instance, messenger_, nullptr);
  }
  if (instance) vkDestroyInstance(instance, nullptr);
}

VkBool32 Host::note(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                    const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
  Host& host = *static_cast<Host*>(user);
  const std::lock_guard lock(host.messages_lock_);
  host.messages.emplace_back(data->pMessage);
  return VK_FALSE;
}

void Host::make_instance(const HostOptions& options) {
  std::vector<const char*> extensions = options.instance_extensions;
  const char* layer = "VK_LAYER_KHRONOS_validation";
  const VkValidationFeatureEnableEXT synchronization =
      VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  VkValidationFeaturesEXT validation{VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT};
  validation.enabledValidationFeatureCount = 1;
  validation.pEnabledValidationFeatures = &synchronization;
  VkDebugUtilsMessengerCreateInfoEXT messenger{VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};
  messenger.messageSeverity =
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  messenger.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
  messenger.pfnUserCallback = note;
  messenger.pUserData = this;

  // Devices that are Vulkan but for a little, as on macOS, are named only to who asks.
  const bool portable = has_extension(nullptr, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
  if (portable) extensions.push_back(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
  VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.pApplicationName = "live";
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pApplicationInfo = &application;
  if (portable) info.flags = VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
  if (options.validation) {
    extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    info.pNext = &validation;
    info.enabledLayerCount = 1;
    info.ppEnabledLayerNames = &layer;
  }
  info.enabledExtensionCount = uint32_t(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  check(vkCreateInstance(&info, nullptr, &instance), "vkCreateInstance");
  if (!options.validation) return;
  const auto create = reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(
      vkGetInstanceProcAddr(instance, "vkCreateDebugUtilsMessengerEXT"));
  check(create(instance, &messenger, nullptr, &messenger_), "vkCreateDebugUtilsMessengerEXT");
}

void Host::choose_device(const std::string& name) {
  uint32_t count = 0;
  check(vkEnumeratePhysicalDevices(instance, &count, nullptr), "vkEnumeratePhysicalDevices");
  std::vector<VkPhysicalDevice> devices(count);
  check(vkEnumeratePhysicalDevices(instance, &count, devices.data()), "vkEnumeratePhysicalDevices");
  for (const VkPhysicalDevice each : devices) {
    VkPhysicalDeviceProperties has;
    vkGetPhysicalDeviceProperties(each, &has);
    const bool fits = has.apiVersion >= VK_API_VERSION_1_3 && family_of(each) >= 0 &&
                      std::string(has.deviceName).find(name) != std::string::npos;
    if (!fits || (physical && rank(has.deviceType) <= rank(properties.deviceType))) continue;
    physical = each;
    properties = has;
  }
  if (!physical)
    throw std::runtime_error("no device with Vulkan 1.3, graphics and compute among " +
                             std::to_string(count) + (name.empty() ? "" : " has " + name + " in its name"));
  family = uint32_t(family_of(physical));
}

void Host::make_device() {
  vulkan12_.timelineSemaphore = VK_TRUE;  // counts frames; all else is Fovea's
  fovea::enable_features(offer(), &features_);
  const float priority = 1;
  VkDeviceQueueCreateInfo queues{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queues.queueFamilyIndex = family;
  queues.queueCount = 1;
  queues.pQueuePriorities = &priority;
  std::vector<const char*> extensions = {VK_KHR_SWAPCHAIN_EXTENSION_NAME};
  constexpr const char* kSubset = "VK_KHR_portability_subset";  // wants to be named where it is
  if (has_extension(physical, kSubset)) extensions.push_back(kSubset);
  VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features_};
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queues;
  info.enabledExtensionCount = uint32_t(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  check(vkCreateDevice(physical, &info, nullptr, &device), "vkCreateDevice");
  vkGetDeviceQueue(device, family, 0, &queue);
}

fovea::HostDevice Host::offer() {
  fovea::HostDevice offer;
  offer.instance = instance;
  offer.physical = physical;
  offer.device = device;
  offer.queue = queue;
  offer.family = family;
  offer.features = &features_;
  offer.api_version = VK_API_VERSION_1_3;
  // A model is loaded on a thread of its own, which submits copies while frames are submitted here.
  offer.user = &queue_lock;
  offer.lock = [](void* lock) { static_cast<std::mutex*>(lock)->lock(); };
  offer.unlock = [](void* lock) { static_cast<std::mutex*>(lock)->unlock(); };
  return offer;
}

uint32_t Host::memory_type(uint32_t types, VkMemoryPropertyFlags flags) const {
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(physical, &memory);
  for (uint32_t i = 0; i < memory.memoryTypeCount; ++i)
    if ((types >> i & 1) && (memory.memoryTypes[i].propertyFlags & flags) == flags) return i;
  throw std::runtime_error("no memory of the kind that a buffer or an image needs");
}
