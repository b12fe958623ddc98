#include "gpu/capabilities.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "core/check.h"
#include "gpu/instance.h"
#include "gpu/select.h"

namespace fovea {
namespace {

using Base = VkPhysicalDeviceFeatures2;
using Core = VkPhysicalDeviceFeatures;
using Vulkan12 = VkPhysicalDeviceVulkan12Features;
using Vulkan13 = VkPhysicalDeviceVulkan13Features;
using Address = VkPhysicalDeviceBufferDeviceAddressFeatures;
using SubgroupSize = VkPhysicalDeviceSubgroupSizeControlFeatures;

constexpr FeaturePlace core(size_t offset) {
  return {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, sizeof(Base), offsetof(Base, features) + offset};
}
constexpr FeaturePlace vulkan12(size_t offset) {
  return {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, sizeof(Vulkan12), offset};
}
constexpr FeaturePlace vulkan13(size_t offset) {
  return {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, sizeof(Vulkan13), offset};
}
constexpr FeaturePlace subgroup_size(size_t offset) {
  return {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES, sizeof(SubgroupSize), offset};
}

constexpr Feature kRequired[] = {{"bufferDeviceAddress",
                                  vulkan12(offsetof(Vulkan12, bufferDeviceAddress)),
                                  {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES,
                                   sizeof(Address), offsetof(Address, bufferDeviceAddress)}}};

// shaders/selftest_quad.comp: neighbours swapped, behind them the words of the diagonal.
uint32_t quad_answer(std::span<const uint32_t> x, uint32_t i) {
  return i < x.size() ? x[i ^ 1] : x[(i - x.size()) ^ 3];
}

// shaders/selftest_int64.comp: halves of 64-bit words exchanged, behind them each word plus its low half.
uint32_t int64_answer(std::span<const uint32_t> x, uint32_t i) {
  if (i < x.size()) return x[i ^ 1];
  const size_t low = (i - x.size()) & ~size_t(1);
  const uint64_t sum = (uint64_t(x[low + 1]) << 32 | x[low]) + x[low];
  return uint32_t(i % 2 ? sum >> 32 : sum);
}

bool has_quad(const Evidence& e) {
  return missing_subgroup_operation(e.subgroup).empty() && (e.subgroup & VK_SUBGROUP_FEATURE_QUAD_BIT) != 0;
}

constexpr CapabilityRow kCapabilities[] = {
    // Without it a workgroup is one lane wide, where each subgroup operation returns the lane's own value, so
    // kernels that fill a workgroup with one subgroup stay correct.
    {.name = "subgroup",
     .offered = [](const Evidence& e) { return missing_subgroup_operation(e.subgroup).empty(); },
     .limit = [](Limits& l, bool usable) { l.subgroup = usable ? l.subgroup : 1; },
     .finding = &SelfTest::subgroup},
    // Pins a kernel to the size that it was written for, and fills its subgroups. Without, the driver's
    // default
    // size holds, which the self-test has seen.
    {.name = "subgroup_size",
     .feature = {"subgroupSizeControl", vulkan13(offsetof(Vulkan13, subgroupSizeControl)),
                 subgroup_size(offsetof(SubgroupSize, subgroupSizeControl))}},
    {.name = "full_subgroups",
     .feature = {"computeFullSubgroups", vulkan13(offsetof(Vulkan13, computeFullSubgroups)),
                 subgroup_size(offsetof(SubgroupSize, computeFullSubgroups))}},
    {.name = "quad",
     .offered = has_quad,
     .limit = [](Limits& l, bool usable) { l.quad = usable && l.subgroup >= 4; },
     .answer = quad_answer},
    {.name = "int64",
     .feature = {"shaderInt64", core(offsetof(Core, shaderInt64)), {}},
     .limit = [](Limits& l, bool usable) { l.int64 = usable; },
     .answer = int64_answer},
    {.name = "mapped",
     .offered = [](const Evidence& e) { return e.host_memory; },
     .finding = &SelfTest::memory},
    {.name = "timestamps",
     .offered = [](const Evidence& e) { return e.timestamps; },
     .finding = &SelfTest::timestamps},
    {.name = "debug_labels", .offered = [](const Evidence& e) { return e.debug_utils; }}};

bool contains(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether one structure of a chain enables the feature.
bool enables(const VkBaseInStructure* structure, const FeaturePlace& place) {
  if (place.bytes == 0 || structure->sType != place.structure) return false;
  VkBool32 value = VK_FALSE;
  std::memcpy(&value, reinterpret_cast<const std::byte*>(structure) + place.offset, sizeof value);
  return value == VK_TRUE;
}

bool enabled(const Feature& feature, const void* chain) {
  for (auto* s = static_cast<const VkBaseInStructure*>(chain); s != nullptr; s = s->pNext) {
    if (enables(s, feature.place) || enables(s, feature.alone)) return true;
  }
  return false;
}

// False: no structure of the chain has a place for it.
bool enable_in(void* chain, const Feature& feature) {
  for (auto* s = static_cast<VkBaseOutStructure*>(chain); s != nullptr; s = s->pNext) {
    for (const FeaturePlace& place : {feature.place, feature.alone}) {
      if (place.bytes == 0 || s->sType != place.structure) continue;
      const VkBool32 on = VK_TRUE;
      std::memcpy(reinterpret_cast<std::byte*>(s) + place.offset, &on, sizeof on);
      return true;
    }
  }
  return false;
}

}  // namespace

std::span<const Feature> required_features() { return kRequired; }
std::span<const CapabilityRow> capability_rows() { return kCapabilities; }

const CapabilityRow& capability_row(const std::string& name) {
  const auto at = std::find_if(std::begin(kCapabilities), std::end(kCapabilities),
                               [&](const CapabilityRow& row) { return row.name == name; });
  FOVEA_CHECK(at != std::end(kCapabilities), "no capability ", name);
  return *at;
}

std::vector<std::string> enable_features(const HostDevice& host, void* chain) {
  FOVEA_CHECK(host.instance && host.physical,
              "enable_features needs the host's instance and physical device");
  const Instance instance(host);
  const Physical physical = describe(instance.table(), host.physical, -1, host.family);
  std::vector<std::string> homeless;
  const auto enable = [&](const Feature& feature) {
    if (feature.name != nullptr && !enable_in(chain, feature)) homeless.push_back(feature.name);
  };
  for (const Feature& feature : kRequired) enable(feature);
  for (const CapabilityRow& row : kCapabilities) {
    const auto at = std::find_if(physical.info.capabilities.begin(), physical.info.capabilities.end(),
                                 [&](const Capability& each) { return each.name == row.name; });
    if (at != physical.info.capabilities.end() && at->advertised) enable(row.feature);
  }
  return homeless;
}

std::string missing_feature(const std::vector<std::string>& features) {
  const auto at = std::find_if(std::begin(kRequired), std::end(kRequired),
                               [&](const Feature& needed) { return !contains(features, needed.name); });
  return at == std::end(kRequired) ? "" : at->name;
}

std::vector<std::string> features_in_chain(const void* chain) {
  std::vector<std::string> names;
  const auto note = [&](const Feature& feature) {
    if (feature.name != nullptr && enabled(feature, chain)) names.push_back(feature.name);
  };
  for (const Feature& feature : kRequired) note(feature);
  for (const CapabilityRow& row : kCapabilities) note(row.feature);
  return names;
}

std::string missing_subgroup_operation(VkSubgroupFeatureFlags operations) {
  if (operations == 0) return "subgroup operations in compute shaders";
  constexpr std::array<std::pair<VkSubgroupFeatureFlagBits, const char*>, 4> kNeeded = {
      {{VK_SUBGROUP_FEATURE_BASIC_BIT, "basic subgroup operations"},
       {VK_SUBGROUP_FEATURE_BALLOT_BIT, "subgroup broadcast"},
       {VK_SUBGROUP_FEATURE_ARITHMETIC_BIT, "subgroup arithmetic"},
       {VK_SUBGROUP_FEATURE_SHUFFLE_BIT, "subgroup shuffle"}}};
  for (const auto& [bit, what] : kNeeded) {
    if ((operations & bit) == 0) return what;
  }
  return {};
}

bool advertised(const CapabilityRow& row, const Evidence& evidence) {
  return (row.feature.name == nullptr || contains(evidence.features, row.feature.name)) &&
         (row.extension == nullptr || contains(evidence.extensions, row.extension)) &&
         (row.offered == nullptr || row.offered(evidence));
}

std::vector<Capability> advertised_capabilities(const Evidence& evidence) {
  std::vector<Capability> all;
  for (const CapabilityRow& row : kCapabilities)
    all.push_back({.name = row.name, .advertised = advertised(row, evidence)});
  return all;
}

void keep_enabled(std::vector<Capability>& capabilities, const void* chain) {
  for (Capability& each : capabilities) {
    const CapabilityRow& row = capability_row(each.name);
    if (row.feature.name == nullptr && row.extension == nullptr) continue;
    each.advertised = each.advertised && row.feature.name != nullptr && enabled(row.feature, chain);
  }
}

Capability& find_capability(std::vector<Capability>& capabilities, const std::string& name) {
  const auto at = std::find_if(capabilities.begin(), capabilities.end(),
                               [&](const Capability& each) { return each.name == name; });
  FOVEA_CHECK(at != capabilities.end(), "no capability ", name);
  return *at;
}

FeatureChain::FeatureChain(const std::vector<std::string>& extensions) {
  add(core(0));  // the head
  for (const Feature& feature : kRequired) add(feature.place);
  for (const CapabilityRow& row : kCapabilities) {
    if (row.feature.name == nullptr) continue;
    if (row.extension == nullptr || contains(extensions, row.extension)) add(row.feature.place);
  }
}

VkPhysicalDeviceFeatures2* FeatureChain::head() {
  return reinterpret_cast<VkPhysicalDeviceFeatures2*>(structures_.front().data());
}

VkBaseOutStructure* FeatureChain::find(VkStructureType type) {
  for (std::vector<std::byte>& each : structures_) {
    auto* structure = reinterpret_cast<VkBaseOutStructure*>(each.data());
    if (structure->sType == type) return structure;
  }
  return nullptr;
}

void FeatureChain::add(const FeaturePlace& place) {
  if (find(place.structure) != nullptr) return;
  std::vector<std::byte> made(place.bytes);
  auto* structure = reinterpret_cast<VkBaseOutStructure*>(made.data());
  structure->sType = place.structure;
  if (!structures_.empty())
    reinterpret_cast<VkBaseOutStructure*>(structures_.back().data())->pNext = structure;
  structures_.push_back(std::move(made));
}

void FeatureChain::enable(const Feature& feature) {
  FOVEA_CHECK(enable_in(head(), feature), "the chain has no structure for the feature ", feature.name);
}

}  // namespace fovea
