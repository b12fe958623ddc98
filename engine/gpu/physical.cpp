#include <algorithm>

#include "core/check.h"
#include "gpu/capabilities.h"
#include "gpu/instance.h"
#include "gpu/select.h"

namespace fovea {
namespace {

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
  physical.family = choose_family(families, wanted);
  if (physical.family != UINT32_MAX) physical.timestamp_bits = families[physical.family].timestampValidBits;
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

std::vector<std::string> extensions_of(const InstanceTable& table, VkPhysicalDevice handle) {
  uint32_t count = 0;
  check_vk(table.enumerate_device_extensions(handle, nullptr, &count, nullptr),
           "vkEnumerateDeviceExtensionProperties");
  std::vector<VkExtensionProperties> all(count);
  check_vk(table.enumerate_device_extensions(handle, nullptr, &count, all.data()),
           "vkEnumerateDeviceExtensionProperties");
  std::vector<std::string> names;
  for (const VkExtensionProperties& each : all) names.push_back(each.extensionName);
  return names;
}

std::vector<std::string> features_of(const InstanceTable& table, const Physical& physical) {
  FeatureChain chain(physical.extensions);
  table.get_features2(physical.handle, chain.head());
  return features_in_chain(chain.head());
}

// Why Fovea cannot use the device; empty: it can. family: as asked for.
std::string unsuitable(const Physical& physical, const Evidence& evidence, uint32_t family) {
  if (physical.family == UINT32_MAX)
    return family == UINT32_MAX ? "no queue with compute"
                                : concat("queue family ", family, " has no compute");
  if (const std::string feature = missing_feature(evidence.features); !feature.empty())
    return "no " + feature;
  const std::string operation = missing_subgroup_operation(evidence.subgroup);
  return operation.empty() ? "" : "no " + operation;
}

}  // namespace

uint32_t choose_family(std::span<const VkQueueFamilyProperties> families, uint32_t wanted) {
  uint32_t found = UINT32_MAX;
  for (uint32_t f = 0; f < families.size(); ++f) {
    const VkQueueFlags flags = families[f].queueFlags;
    if ((flags & VK_QUEUE_COMPUTE_BIT) == 0 || families[f].queueCount == 0) continue;
    if (wanted == f) return f;
    if (wanted != UINT32_MAX) continue;
    if ((flags & VK_QUEUE_GRAPHICS_BIT) == 0) return f;
    if (found == UINT32_MAX) found = f;
  }
  return found;
}

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
  physical.extensions = extensions_of(table, handle);
  physical.nanoseconds_per_tick =
      physical.timestamp_bits ? double(p.base.properties.limits.timestampPeriod) : 0;

  const bool in_compute = (p.subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
  const Evidence evidence = {.features = features_of(table, physical),
                             .extensions = physical.extensions,
                             .subgroup = in_compute ? p.subgroup.supportedOperations : 0,
                             .host_memory = coherent && (info.type == "cpu" || info.type == "integrated"),
                             .timestamps = physical.nanoseconds_per_tick > 0,
                             .debug_utils = table.begin_label != nullptr};
  info.unsuitable = unsuitable(physical, evidence, family);
  info.capabilities = advertised_capabilities(evidence);
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
