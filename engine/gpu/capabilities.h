// What Fovea asks of a device: the Vulkan features it requires, and what it uses where a device has it. One
// row each: a new capability is a row of capability_rows() and, where the row has a known answer, its shader.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "fovea/device.hpp"
#include "gpu/selftest.h"
#include "gpu/table.h"

namespace fovea {

// Where a VkBool32 stands in a structure of features.
struct FeaturePlace {
  VkStructureType structure = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  size_t bytes = 0;  // of the structure; 0: there is no such place
  size_t offset = 0;
};

struct Feature {
  const char* name = nullptr;  // as Vulkan spells it; null: no feature
  FeaturePlace place;          // where Fovea asks for it
  FeaturePlace alone;  // in the extension's structure from before it became core: a host may use that one
};

// What was found out about a physical device, for rows to judge.
struct Evidence {
  std::vector<std::string> features;    // of a chain, by name
  std::vector<std::string> extensions;  // of the device
  VkSubgroupFeatureFlags subgroup = 0;  // operations in compute shaders; 0: none there
  bool host_memory = false;             // device-local memory is the host's as well, and coherent
  bool timestamps = false;              // the queue counts, and says in what unit
  bool debug_utils = false;             // the instance has VK_EXT_debug_utils
};

struct CapabilityRow {
  const char* name;                               // for FOVEA_DISABLE, Gpu::usable and fovea-info
  Feature feature = {};                           // must be there, and is enabled
  const char* extension = nullptr;                // of the device: must be there, and is enabled
  bool (*offered)(const Evidence&) = nullptr;     // what else must be there
  void (*limit)(Limits&, bool usable) = nullptr;  // what kernel selection learns of it
  std::string SelfTest::* finding = nullptr;      // tested by shaders/selftest.comp, or
  uint32_t (*answer)(std::span<const uint32_t> x, uint32_t i) = nullptr;  // by shaders/selftest_<name>.comp
};

std::span<const Feature> required_features();
std::span<const CapabilityRow> capability_rows();              // in the order in which they are tested
const CapabilityRow& capability_row(const std::string& name);  // an unknown name is an Error

// The first required feature that is not among these names; empty: none.
std::string missing_feature(const std::vector<std::string>& features);
// The names of all features of the tables that a VkPhysicalDeviceFeatures2 chain, or any part of one,
// enables.
std::vector<std::string> features_in_chain(const void* chain);
// The first operation that kernels need and these lack, in words; empty: none.
std::string missing_subgroup_operation(VkSubgroupFeatureFlags operations);

bool advertised(const CapabilityRow& row, const Evidence& evidence);
std::vector<Capability> advertised_capabilities(const Evidence& evidence);  // a state for each row
// Of a host's device only what its chain enables is there. An extension shows by its feature.
void keep_enabled(std::vector<Capability>& capabilities, const void* chain);

// A VkPhysicalDeviceFeatures2 chain with the structures of all features that a device with these extensions
// may have, all off: to be filled by vkGetPhysicalDeviceFeatures2, or by require() for vkCreateDevice.
class FeatureChain {
 public:
  explicit FeatureChain(const std::vector<std::string>& extensions);
  FeatureChain(const FeatureChain&) = delete;
  FeatureChain& operator=(const FeatureChain&) = delete;

  VkPhysicalDeviceFeatures2* head();
  void enable(const Feature& feature);

 private:
  void add(const FeaturePlace& place);
  VkBaseOutStructure* find(VkStructureType type);

  std::vector<std::vector<std::byte>> structures_;  // each points at the next
};

// The state of a row's name: an unknown one is an Error.
Capability& find_capability(std::vector<Capability>& capabilities, const std::string& name);

}  // namespace fovea
