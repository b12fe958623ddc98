#include "gpu/table.h"

#include "core/check.h"

namespace fovea {
namespace {

template <class Function>
void load(PFN_vkGetInstanceProcAddr get_proc, VkInstance instance, const char* name, Function& function) {
  function = reinterpret_cast<Function>(get_proc(instance, name));
}

}  // namespace

InstanceTable load_instance_table(PFN_vkGetInstanceProcAddr get_proc, VkInstance instance) {
  InstanceTable t;
  t.get_proc = get_proc;
  const auto need = [&](const char* name, auto& function) {
    load(get_proc, instance, name, function);
    FOVEA_CHECK(function != nullptr, "the Vulkan loader has no ", name);
  };
  need("vkEnumeratePhysicalDevices", t.enumerate_physical_devices);
  need("vkEnumerateDeviceExtensionProperties", t.enumerate_device_extensions);
  need("vkGetPhysicalDeviceProperties2", t.get_properties2);
  need("vkGetPhysicalDeviceFeatures2", t.get_features2);
  need("vkGetPhysicalDeviceMemoryProperties", t.get_memory_properties);
  need("vkGetPhysicalDeviceQueueFamilyProperties", t.get_queue_families);
  need("vkCreateDevice", t.create_device);
  need("vkGetDeviceProcAddr", t.get_device_proc);
  need("vkDestroyInstance", t.destroy_instance);
  load(get_proc, instance, "vkCreateDebugUtilsMessengerEXT", t.create_messenger);
  load(get_proc, instance, "vkDestroyDebugUtilsMessengerEXT", t.destroy_messenger);
  load(get_proc, instance, "vkCmdBeginDebugUtilsLabelEXT", t.begin_label);
  load(get_proc, instance, "vkCmdEndDebugUtilsLabelEXT", t.end_label);
  load(get_proc, instance, "vkSetDebugUtilsObjectNameEXT", t.set_name);
  return t;
}

DeviceTable load_device_table(PFN_vkGetDeviceProcAddr get_proc, VkDevice device) {
  DeviceTable t;
#define FOVEA_LOAD(function)                                                  \
  t.function = reinterpret_cast<PFN_##function>(get_proc(device, #function)); \
  FOVEA_CHECK_AS(unsupported, t.function != nullptr, "the Vulkan driver has no " #function);
  FOVEA_DEVICE_FUNCTIONS(FOVEA_LOAD)
#undef FOVEA_LOAD
  return t;
}

const char* name(VkResult result) {
  switch (result) {
    case VK_SUCCESS:
      return "VK_SUCCESS";
    case VK_NOT_READY:
      return "VK_NOT_READY";
    case VK_TIMEOUT:
      return "VK_TIMEOUT";
    case VK_INCOMPLETE:
      return "VK_INCOMPLETE";
    case VK_ERROR_OUT_OF_HOST_MEMORY:
      return "VK_ERROR_OUT_OF_HOST_MEMORY";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
      return "VK_ERROR_OUT_OF_DEVICE_MEMORY";
    case VK_ERROR_INITIALIZATION_FAILED:
      return "VK_ERROR_INITIALIZATION_FAILED";
    case VK_ERROR_DEVICE_LOST:
      return "VK_ERROR_DEVICE_LOST";
    case VK_ERROR_MEMORY_MAP_FAILED:
      return "VK_ERROR_MEMORY_MAP_FAILED";
    case VK_ERROR_LAYER_NOT_PRESENT:
      return "VK_ERROR_LAYER_NOT_PRESENT";
    case VK_ERROR_EXTENSION_NOT_PRESENT:
      return "VK_ERROR_EXTENSION_NOT_PRESENT";
    case VK_ERROR_FEATURE_NOT_PRESENT:
      return "VK_ERROR_FEATURE_NOT_PRESENT";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
      return "VK_ERROR_INCOMPATIBLE_DRIVER";
    case VK_ERROR_TOO_MANY_OBJECTS:
      return "VK_ERROR_TOO_MANY_OBJECTS";
    default:
      return nullptr;
  }
}

std::string version_text(uint32_t version) {
  return concat(VK_API_VERSION_MAJOR(version), '.', VK_API_VERSION_MINOR(version), '.',
                VK_API_VERSION_PATCH(version));
}

ErrorCode code_of(VkResult result) {
  switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_MEMORY_MAP_FAILED:
      return ErrorCode::out_of_memory;
    case VK_ERROR_DEVICE_LOST:
      return ErrorCode::device_lost;
    default:
      return ErrorCode::unsupported;
  }
}

void check_vk(VkResult result, const char* call) {
  if (result == VK_SUCCESS) return;
  const char* known = name(result);
  fail_as(code_of(result), call, ": ",
          known ? std::string(known) : concat("VkResult ", static_cast<int>(result)));
}

}  // namespace fovea
