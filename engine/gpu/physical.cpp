#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "gpu/instance.h"
#include "gpu/select.h"

namespace fovea {
namespace {

constexpr std::array<const char*, kRequiredFeatures> kFeatureNames = {
    "bufferDeviceAddress", "timelineSemaphore",   "synchronization2",
    "maintenance4",        "subgroupSizeControl", "computeFullSubgroups"};

// The structures that can carry a required feature: of the version they became core in, or alone.
void note_features(const VkBaseInStructure* s, FeatureSet& set) {
  const auto on = [&](size_t feature, VkBool32 value) { set[feature] = set[feature] || value == VK_TRUE; };
  switch (s->sType) {
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES: {
      const auto* f = reinterpret_cast<const VkPhysicalDeviceVulkan12Features*>(s);
      on(0, f->bufferDeviceAddress);
      on(1, f->timelineSemaphore);
      break;
    }
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES: {
      const auto* f = reinterpret_cast<const VkPhysicalDeviceVulkan13Features*>(s);
      on(2, f->synchronization2);
      on(3, f->maintenance4);
      on(4, f->subgroupSizeControl);
      on(5, f->computeFullSubgroups);
      break;
    }
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES:
      return on(0,
                reinterpret_cast<const VkPhysicalDeviceBufferDeviceAddressFeatures*>(s)->bufferDeviceAddress);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES:
      return on(1, reinterpret_cast<const VkPhysicalDeviceTimelineSemaphoreFeatures*>(s)->timelineSemaphore);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES:
      return on(2, reinterpret_cast<const VkPhysicalDeviceSynchronization2Features*>(s)->synchronization2);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_FEATURES:
      return on(3, reinterpret_cast<const VkPhysicalDeviceMaintenance4Features*>(s)->maintenance4);
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES: {
      const auto* f = reinterpret_cast<const VkPhysicalDeviceSubgroupSizeControlFeatures*>(s);
      on(4, f->subgroupSizeControl);
      on(5, f->computeFullSubgroups);
      break;
    }
    default:
      break;
  }
}

const char* type_name(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return "discrete";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return "integrated";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return "virtual";
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return "cpu";
    default:
      return "other";
  }
}

std::string version_text(uint32_t version) {
  return concat(VK_API_VERSION_MAJOR(version), '.', VK_API_VERSION_MINOR(version), '.',
                VK_API_VERSION_PATCH(version));
}

// Properties of a Vulkan 1.3 device in one query.
struct Properties {
  VkPhysicalDeviceSubgroupProperties subgroup = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
  VkPhysicalDeviceSubgroupSizeControlProperties sizes = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES, &subgroup};
  VkPhysicalDeviceMaintenance3Properties memory = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES,
                                                   &sizes};
  VkPhysicalDeviceMaintenance4Properties buffer = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES,
                                                   &memory};
  VkPhysicalDeviceDriverProperties driver = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, &buffer};
  VkPhysicalDeviceProperties2 base = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &driver};

  Properties() = default;
  Properties(const Properties&) = delete;
  Properties& operator=(const Properties&) = delete;
};

std::string missing_subgroup_operation(const VkPhysicalDeviceSubgroupProperties& subgroup) {
  if ((subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) == 0)
    return "subgroup operations in compute shaders";
  constexpr std::array<std::pair<VkSubgroupFeatureFlagBits, const char*>, 4> kNeeded = {
      {{VK_SUBGROUP_FEATURE_BASIC_BIT, "basic subgroup operations"},
       {VK_SUBGROUP_FEATURE_BALLOT_BIT, "subgroup broadcast"},
       {VK_SUBGROUP_FEATURE_ARITHMETIC_BIT, "subgroup arithmetic"},
       {VK_SUBGROUP_FEATURE_SHUFFLE_BIT, "subgroup shuffle"}}};
  for (const auto& [bit, what] : kNeeded) {
    if ((subgroup.supportedOperations & bit) == 0) return what;
  }
  return {};
}

void note_limits(const Properties& p, Physical& physical) {
  const VkPhysicalDeviceLimits& from = p.base.properties.limits;
  Limits& to = physical.info.limits;
  to.kernels = physical.info.type == "cpu" ? KernelClass::cpu : KernelClass::gpu;
  physical.subgroup = std::min(p.subgroup.subgroupSize, p.sizes.maxSubgroupSize);
  physical.pins_subgroup = (p.sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
  to.subgroup = physical.subgroup;
  to.max_workgroup_lanes = std::min(from.maxComputeWorkGroupInvocations, from.maxComputeWorkGroupSize[0]);
  if (physical.pins_subgroup) {  // a workgroup of pinned subgroups may hold fewer lanes than another
    const uint32_t pinned = physical.subgroup * p.sizes.maxComputeWorkgroupSubgroups;
    to.max_workgroup_lanes = std::min(to.max_workgroup_lanes, pinned);
  }
  to.shared_bytes = from.maxComputeSharedMemorySize;
  std::copy_n(from.maxComputeWorkGroupCount, 3, to.max_groups);
  to.max_buffer_bytes = std::min(p.buffer.maxBufferSize, p.memory.maxMemoryAllocationSize);
}

void note_queues(const InstanceTable& table, Physical& physical, uint32_t wanted) {
  uint32_t count = 0;
  table.get_queue_families(physical.handle, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  table.get_queue_families(physical.handle, &count, families.data());
  for (uint32_t f = 0; f < count; ++f) {
    if ((families[f].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0) continue;
    if (wanted != UINT32_MAX && wanted != f) continue;
    physical.family = f;
    physical.timestamp_bits = families[f].timestampValidBits;
    return;
  }
}

// Returns whether device-local memory that the host sees coherently exists.
bool note_memory(const InstanceTable& table, Physical& physical) {
  VkPhysicalDeviceMemoryProperties memory;
  table.get_memory_properties(physical.handle, &memory);
  for (uint32_t h = 0; h < memory.memoryHeapCount; ++h) {
    if ((memory.memoryHeaps[h].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) == 0) continue;
    physical.info.memory_bytes = std::max<uint64_t>(physical.info.memory_bytes, memory.memoryHeaps[h].size);
  }
  constexpr VkMemoryPropertyFlags kMapped = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT |
                                            VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                            VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  return std::any_of(memory.memoryTypes, memory.memoryTypes + memory.memoryTypeCount,
                     [&](const VkMemoryType& t) { return (t.propertyFlags & kMapped) == kMapped; });
}

bool needs_portability(const InstanceTable& table, VkPhysicalDevice handle) {
  uint32_t count = 0;
  check_vk(table.enumerate_device_extensions(handle, nullptr, &count, nullptr),
           "vkEnumerateDeviceExtensionProperties");
  std::vector<VkExtensionProperties> all(count);
  check_vk(table.enumerate_device_extensions(handle, nullptr, &count, all.data()),
           "vkEnumerateDeviceExtensionProperties");
  return std::any_of(all.begin(), all.end(), [](const VkExtensionProperties& e) {
    return std::strcmp(e.extensionName, "VK_KHR_portability_subset") == 0;
  });
}

// What the device can do, as far as Fovea asks.
struct Supported {
  FeatureSet required;
  bool int64;
};

Supported supported_features(const InstanceTable& table, VkPhysicalDevice handle) {
  VkPhysicalDeviceVulkan12Features v12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features v13 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &v12};
  VkPhysicalDeviceFeatures2 base = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v13};
  table.get_features2(handle, &base);
  return {features_in_chain(&base), base.features.shaderInt64 == VK_TRUE};
}

}  // namespace

bool int64_in_chain(const void* chain) {
  for (auto* s = static_cast<const VkBaseInStructure*>(chain); s != nullptr; s = s->pNext) {
    if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2)
      return reinterpret_cast<const VkPhysicalDeviceFeatures2*>(s)->features.shaderInt64 == VK_TRUE;
  }
  return false;
}

FeatureSet features_in_chain(const void* chain) {
  FeatureSet set{};
  for (auto* s = static_cast<const VkBaseInStructure*>(chain); s != nullptr; s = s->pNext)
    note_features(s, set);
  return set;
}

std::string missing_feature(const FeatureSet& features) {
  const auto at = std::find(features.begin(), features.end(), false);
  return at == features.end() ? "" : kFeatureNames[static_cast<size_t>(at - features.begin())];
}

std::vector<std::string> Device::required_features() { return {kFeatureNames.begin(), kFeatureNames.end()}; }

Physical describe(const InstanceTable& table, VkPhysicalDevice handle, int index, uint32_t family) {
  Physical physical;
  physical.handle = handle;
  DeviceInfo& info = physical.info;
  VkPhysicalDeviceProperties2 plain = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
  table.get_properties2(handle, &plain);
  info.index = index;
  info.name = plain.properties.deviceName;
  info.type = type_name(plain.properties.deviceType);
  info.api = version_text(plain.properties.apiVersion);
  info.driver_version = version_text(plain.properties.driverVersion);
  const bool coherent = note_memory(table, physical);
  note_queues(table, physical, family);
  if (plain.properties.apiVersion < VK_API_VERSION_1_3) {
    info.unsuitable = "Vulkan " + info.api + ", 1.3 is needed";
    return physical;
  }

  Properties p;
  table.get_properties2(handle, &p.base);
  info.driver = p.driver.driverName;
  if (p.driver.driverInfo[0] != '\0') info.driver_version = p.driver.driverInfo;
  note_limits(p, physical);
  physical.portability = needs_portability(table, handle);
  physical.nanoseconds_per_tick =
      physical.timestamp_bits ? double(p.base.properties.limits.timestampPeriod) : 0;

  const Supported supported = supported_features(table, handle);
  const std::string operation = missing_subgroup_operation(p.subgroup);
  if (physical.family == UINT32_MAX) {
    info.unsuitable =
        family == UINT32_MAX ? "no queue with compute" : concat("queue family ", family, " has no compute");
  } else if (const std::string feature = missing_feature(supported.required); !feature.empty()) {
    info.unsuitable = "no " + feature;
  } else if (!operation.empty()) {
    info.unsuitable = "no " + operation;
  }
  const bool shares_memory = info.type == "cpu" || info.type == "integrated";
  const bool quad = operation.empty() && (p.subgroup.supportedOperations & VK_SUBGROUP_FEATURE_QUAD_BIT) != 0;
  info.capabilities = {{.name = "subgroup", .advertised = operation.empty()},
                       {.name = "quad", .advertised = quad},
                       {.name = "int64", .advertised = supported.int64},
                       {.name = "mapped", .advertised = shares_memory && coherent},
                       {.name = "timestamps", .advertised = physical.nanoseconds_per_tick > 0},
                       {.name = "debug_labels", .advertised = table.begin_label != nullptr}};
  return physical;
}

std::vector<Physical> describe_all(const Instance& instance) {
  std::vector<Physical> all;
  for (VkPhysicalDevice handle : instance.physical_devices()) {
    all.push_back(describe(instance.table(), handle, static_cast<int>(all.size())));
  }
  return all;
}

}  // namespace fovea
