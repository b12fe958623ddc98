#include "gpu/instance.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "core/check.h"

namespace fovea {

struct Instance::Log {
  std::mutex mutex;
  std::vector<std::string> messages, layers;
};

namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";

void open_loader() {
  static std::once_flag once;
  // A failed attempt throws and leaves the flag unset: a later one may find a loader.
  std::call_once(once, [] {
    FOVEA_CHECK_AS(unsupported, volkInitialize() == VK_SUCCESS,
                   "no Vulkan here: the Vulkan loader (libvulkan.so.1 or vulkan-1.dll) is not installed");
  });
}

std::vector<VkExtensionProperties> instance_extensions(const char* layer) {
  uint32_t count = 0;
  check_vk(vkEnumerateInstanceExtensionProperties(layer, &count, nullptr),
           "vkEnumerateInstanceExtensionProperties");
  std::vector<VkExtensionProperties> all(count);
  check_vk(vkEnumerateInstanceExtensionProperties(layer, &count, all.data()),
           "vkEnumerateInstanceExtensionProperties");
  all.resize(count);
  return all;
}

bool has(const std::vector<VkExtensionProperties>& all, const char* name) {
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& e) { return std::strcmp(e.extensionName, name) == 0; });
}

void check_validation_layer() {
  uint32_t count = 0;
  check_vk(vkEnumerateInstanceLayerProperties(&count, nullptr), "vkEnumerateInstanceLayerProperties");
  std::vector<VkLayerProperties> all(count);
  check_vk(vkEnumerateInstanceLayerProperties(&count, all.data()), "vkEnumerateInstanceLayerProperties");
  const bool found = std::any_of(all.begin(), all.begin() + count, [](const auto& l) {
    return std::strcmp(l.layerName, kValidationLayer) == 0;
  });
  FOVEA_CHECK_AS(unsupported, found, "validation was asked for, but the layer ", kValidationLayer,
                 " is not installed");
}

// Khronos loaders say `Insert instance layer "NAME" (LIBRARY)` for every layer of the chain, implicit ones
// too.
std::string inserted_layer(const std::string& message) {
  const std::string start = "Insert instance layer \"";
  const size_t begin = message.find(start);
  if (begin == std::string::npos) return {};
  const size_t name = begin + start.size();
  const size_t end = message.find('"', name);
  return end == std::string::npos ? std::string() : message.substr(name, end - name);
}

template <class Log>
VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                          VkDebugUtilsMessageTypeFlagsEXT types,
                                          const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
  auto* log = static_cast<Log*>(user);
  const std::string text = data->pMessage ? data->pMessage : "";
  const std::lock_guard lock(log->mutex);
  // General messages are the loader's and the drivers' (unknown pNext and the like), not about our calls.
  if ((types & VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT) == 0) {
    if (severity < VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT) return VK_FALSE;
    std::fprintf(stderr, "validation: %s\n", text.c_str());
    log->messages.push_back(text);
  } else if (const std::string layer = inserted_layer(text); !layer.empty()) {
    if (std::find(log->layers.begin(), log->layers.end(), layer) == log->layers.end())
      log->layers.push_back(layer);
  }
  return VK_FALSE;
}

// What vkCreateInstance is asked for; the structures point at each other, so it stays where it was made.
struct Wishes {
  Wishes(bool validation, PFN_vkDebugUtilsMessengerCallbackEXT callback, void* user);
  Wishes(const Wishes&) = delete;
  Wishes& operator=(const Wishes&) = delete;

  std::vector<const char*> extensions, layers;
  bool debug = false, portability = false;
  const void* next = nullptr;
  VkDebugUtilsMessengerCreateInfoEXT messenger = {VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};

 private:
  void add_synchronization_validation();
  template <class Structure>
  void chain(Structure& structure) {
    structure.pNext = next;
    next = &structure;
  }

  VkValidationFeatureEnableEXT enabled_ = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  VkValidationFeaturesEXT features_ = {VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT};
  VkBool32 on_ = VK_TRUE;
  VkLayerSettingEXT sync_ = {kValidationLayer, "validate_sync", VK_LAYER_SETTING_TYPE_BOOL32_EXT, 1, &on_};
  VkLayerSettingsCreateInfoEXT settings_ = {VK_STRUCTURE_TYPE_LAYER_SETTINGS_CREATE_INFO_EXT};
};

Wishes::Wishes(bool validation, PFN_vkDebugUtilsMessengerCallbackEXT callback, void* user) {
  const auto available = instance_extensions(nullptr);
  debug = has(available, VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
  portability = has(available, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
  if (portability) extensions.push_back(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
  if (validation) {
    layers.push_back(kValidationLayer);
    add_synchronization_validation();
  }
  if (!debug) return;
  extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
  messenger.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_INFO_BIT_EXT |
                              VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                              VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  messenger.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT |
                          VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                          VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT;
  messenger.pfnUserCallback = callback;
  messenger.pUserData = user;
  chain(messenger);
}

void Wishes::add_synchronization_validation() {
  const auto of_layer = instance_extensions(kValidationLayer);
  if (has(of_layer, VK_EXT_LAYER_SETTINGS_EXTENSION_NAME)) {  // newer layers
    extensions.push_back(VK_EXT_LAYER_SETTINGS_EXTENSION_NAME);
    settings_.settingCount = 1;
    settings_.pSettings = &sync_;
    chain(settings_);
  } else {
    FOVEA_CHECK(has(of_layer, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME), kValidationLayer,
                " on this system has no synchronization validation");
    extensions.push_back(VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME);
    features_.enabledValidationFeatureCount = 1;
    features_.pEnabledValidationFeatures = &enabled_;
    chain(features_);
  }
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string environment(const char* name, const DeviceOptions& options) {
  return options.ignore_environment ? "" : environment(name);
}

bool validation_demanded(const DeviceOptions& options) {
  const std::string value = environment("FOVEA_VALIDATION", options);
  FOVEA_CHECK(value.empty() || value == "0" || value == "1", "FOVEA_VALIDATION is 0 or 1, got \"", value,
              '"');
  return options.validation || value == "1";
}

Instance::Instance(bool validation) : log_(std::make_unique<Log>()), owned_(true) {
  open_loader();
  const uint32_t version = volkGetInstanceVersion();
  FOVEA_CHECK_AS(unsupported, version >= VK_API_VERSION_1_3, "the Vulkan loader is of version ",
                 VK_API_VERSION_MAJOR(version), '.', VK_API_VERSION_MINOR(version), ", 1.3 is needed");
  if (validation) check_validation_layer();
  Wishes wishes(validation, on_message<Log>, log_.get());
  VkApplicationInfo application = {VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.pEngineName = "Fovea";
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pNext = wishes.next;
  if (wishes.portability) info.flags = VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
  info.pApplicationInfo = &application;
  info.enabledLayerCount = static_cast<uint32_t>(wishes.layers.size());
  info.ppEnabledLayerNames = wishes.layers.data();
  info.enabledExtensionCount = static_cast<uint32_t>(wishes.extensions.size());
  info.ppEnabledExtensionNames = wishes.extensions.data();
  const VkResult result = vkCreateInstance(&info, nullptr, &handle_);
  FOVEA_CHECK_AS(unsupported, result != VK_ERROR_INCOMPATIBLE_DRIVER,
                 "no Vulkan here: the loader found no Vulkan driver");
  check_vk(result, "vkCreateInstance");
  // A loader that does not tell leaves the list to what was asked for.
  if (log_->layers.empty()) log_->layers.assign(wishes.layers.begin(), wishes.layers.end());

  table_ = load_instance_table(vkGetInstanceProcAddr, handle_);
  if (validation && wishes.debug) {
    wishes.messenger.pNext = nullptr;
    check_vk(table_.create_messenger(handle_, &wishes.messenger, nullptr, &messenger_),
             "vkCreateDebugUtilsMessengerEXT");
  }
}

Instance::Instance(const HostDevice& host) : log_(std::make_unique<Log>()), handle_(host.instance) {
  if (host.get_instance_proc_addr == nullptr) open_loader();
  const auto get_proc = host.get_instance_proc_addr
                            ? reinterpret_cast<PFN_vkGetInstanceProcAddr>(host.get_instance_proc_addr)
                            : vkGetInstanceProcAddr;
  table_ = load_instance_table(get_proc, handle_);
  // A driver hides what is newer than the version that the instance was made for. enable_features comes
  // before there is a device.
  const bool hidden = host.device && !table_.get_device_proc(host.device, "vkCmdPipelineBarrier2");
  const std::string version = host.api_version == 0 ? "older" : version_text(host.api_version);
  const bool old = host.api_version != 0 && host.api_version < VK_API_VERSION_1_3;
  FOVEA_CHECK_AS(unsupported, !hidden && !old, "adopting a device: its instance was made for Vulkan ",
                 version, " (VkApplicationInfo::apiVersion), 1.3 is needed");
}

Instance::~Instance() {
  if (!owned_) return;
  if (messenger_) table_.destroy_messenger(handle_, messenger_, nullptr);
  table_.destroy_instance(handle_, nullptr);
}

std::vector<VkPhysicalDevice> Instance::physical_devices() const {
  uint32_t count = 0;
  check_vk(table_.enumerate_physical_devices(handle_, &count, nullptr), "vkEnumeratePhysicalDevices");
  std::vector<VkPhysicalDevice> all(count);
  if (count > 0) {
    check_vk(table_.enumerate_physical_devices(handle_, &count, all.data()), "vkEnumeratePhysicalDevices");
  }
  all.resize(count);
  return all;
}

const std::vector<std::string>& Instance::layers() const { return log_->layers; }

std::vector<std::string> Instance::messages() const {
  const std::lock_guard lock(log_->mutex);
  return log_->messages;
}

}  // namespace fovea
