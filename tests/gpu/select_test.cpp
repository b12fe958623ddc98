#include "gpu/select.h"

#include <catch2/catch_test_macros.hpp>

#include "gpu/environment.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

DeviceInfo info(int index, const char* name, const char* type, const char* unsuitable = "") {
  DeviceInfo result;
  result.index = index;
  result.name = name;
  result.type = type;
  result.unsuitable = unsuitable;
  return result;
}

const std::vector<DeviceInfo> kMachine = {
    info(0, "SwiftShader Device (Subzero)", "cpu"), info(1, "llvmpipe (LLVM 15.0.6, 256 bits)", "cpu"),
    info(2, "Intel(R) UHD Graphics 770", "integrated"), info(3, "NVIDIA GeForce RTX 4090", "discrete"),
    info(4, "Old Card", "discrete", "Vulkan 1.1.0, 1.3 is needed")};

std::vector<DeviceInfo> only(std::initializer_list<size_t> which) {
  std::vector<DeviceInfo> result;
  for (size_t i : which) result.push_back(kMachine[i]);
  return result;
}

}  // namespace

TEST_CASE("the best device is discrete, integrated, virtual, cpu; lavapipe before SwiftShader") {
  CHECK(choose_device(kMachine, {}).index == 3);
  CHECK(choose_device(only({0, 1, 2, 4}), {}).index == 2);
  CHECK(choose_device(only({0, 1}), {}).index == 1);
  CHECK(choose_device(only({0}), {}).index == 0);
  const std::vector<DeviceInfo> rare = {info(0, "llvmpipe", "cpu"), info(1, "odd", "other"),
                                        info(2, "Virtio-GPU", "virtual")};
  CHECK(choose_device(rare, {}).index == 2);
  CHECK(choose_device(std::span(rare).first(2), {}).index == 1);
}

TEST_CASE("of equals the first device is taken") {
  const std::vector<DeviceInfo> twins = {info(0, "Twin", "discrete"), info(1, "Twin", "discrete")};
  CHECK(choose_device(twins, {}).index == 0);
  CHECK(choose_device(twins, {"1", "DeviceOptions::name"}).index == 1);
}

TEST_CASE("a device is asked for by index or by part of its name") {
  CHECK(choose_device(kMachine, {"0", "FOVEA_DEVICE"}).index == 0);
  CHECK(choose_device(kMachine, {"swiftSHADER", "FOVEA_DEVICE"}).index == 0);
  CHECK(choose_device(kMachine, {"llvmpipe", "FOVEA_DEVICE"}).index == 1);
  CHECK(choose_device(kMachine, {"4090", "FOVEA_DEVICE"}).index == 3);  // no index, but part of a name
  CHECK(choose_device(kMachine, {"r", "FOVEA_DEVICE"}).index == 3);     // the best of several
}

TEST_CASE("the reason for a choice is said") {
  CHECK(choose_device(kMachine, {}).why.find("the best of 4 usable devices") != std::string::npos);
  CHECK(choose_device(only({1, 4}), {}).why.find("the only usable device") != std::string::npos);
  const std::string why = choose_device(kMachine, {"uhd", "FOVEA_DEVICE"}).why;
  CHECK(why == "Intel(R) UHD Graphics 770: asked for by FOVEA_DEVICE \"uhd\"");
}

TEST_CASE("a request that no device meets lists the devices") {
  const auto choose = [](std::vector<DeviceInfo> infos, const char* name) {
    return [infos, name] { choose_device(infos, {name, "FOVEA_DEVICE"}); };
  };
  check_rejects(choose(kMachine, "radeon"), {"FOVEA_DEVICE", "radeon", "0: SwiftShader", "4: Old Card"});
  check_rejects(choose(kMachine, "8"), {"FOVEA_DEVICE", "\"8\"", "3: NVIDIA GeForce RTX 4090"});
  check_rejects(choose(kMachine, "old"), {"old", "Vulkan 1.1.0, 1.3 is needed"});
  check_rejects(choose(only({4}), ""), {"no usable Vulkan device", "Old Card"});
  check_rejects(choose({}, ""), {"no usable Vulkan device", "there is no Vulkan device"});
}

TEST_CASE("capabilities are disabled by name, unknown names are rejected") {
  const std::vector<Capability> all = {{.name = "subgroup"}, {.name = "mapped"}, {.name = "timestamps"}};
  const auto disabled = [&](const char* list) {
    std::vector<Capability> some = all;
    disable_capabilities(some, words(list));
    std::string names;
    for (const Capability& each : some) names += each.disabled ? each.name + " " : "";
    return names;
  };
  CHECK(disabled("").empty());
  CHECK(disabled("mapped") == "mapped ");
  CHECK(disabled("timestamps,,subgroup,") == "subgroup timestamps ");
  check_rejects([&] { disabled("fp17"); }, {"fp17", "subgroup, mapped, timestamps"});
  check_rejects([&] { disabled("mapped,warp"); }, {"warp", "known"});
}

TEST_CASE("the kernel class may be demanded") {
  CHECK(kernel_class(KernelClass::cpu, "") == KernelClass::cpu);
  CHECK(kernel_class(KernelClass::gpu, "") == KernelClass::gpu);
  CHECK(kernel_class(KernelClass::cpu, "gpu") == KernelClass::gpu);
  check_rejects([] { kernel_class(KernelClass::cpu, "tpu"); }, {"FOVEA_KERNELS", "tpu", "cpu or gpu"});
}

TEST_CASE("features are found in every structure that can carry them") {
  const auto has = [](const void* chain, const char* feature) {
    const std::vector<std::string> all = features_in_chain(chain);
    return std::find(all.begin(), all.end(), feature) != all.end();
  };
  CHECK(missing_feature(features_in_chain(nullptr)) == "bufferDeviceAddress");

  VkPhysicalDeviceVulkan12Features v12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  v12.bufferDeviceAddress = VK_TRUE;
  VkPhysicalDeviceVulkan13Features v13 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &v12};
  v13.subgroupSizeControl = v13.computeFullSubgroups = VK_TRUE;
  const VkPhysicalDeviceFeatures2 versions = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v13};
  CHECK(missing_feature(features_in_chain(&versions)).empty());
  CHECK(has(&versions, "subgroupSizeControl"));
  v13.subgroupSizeControl = VK_FALSE;
  CHECK(!has(&versions, "subgroupSizeControl"));
  CHECK(has(&versions, "computeFullSubgroups"));

  VkPhysicalDeviceBufferDeviceAddressFeatures address = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES, nullptr, VK_TRUE};
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroup = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES, &address, VK_TRUE, VK_FALSE};
  CHECK(missing_feature(features_in_chain(&subgroup)).empty());
  CHECK(has(&subgroup, "subgroupSizeControl"));
  CHECK(!has(&subgroup, "computeFullSubgroups"));
}

TEST_CASE("a queue family with compute beside rendering is preferred, a host's is kept") {
  const auto family = [](VkQueueFlags flags, uint32_t queues = 1) {
    VkQueueFamilyProperties made = {};
    made.queueFlags = flags;
    made.queueCount = queues;
    return made;
  };
  constexpr VkQueueFlags kCompute = VK_QUEUE_COMPUTE_BIT, kAll = VK_QUEUE_GRAPHICS_BIT | kCompute;
  const std::vector<VkQueueFamilyProperties> gpu = {family(VK_QUEUE_TRANSFER_BIT), family(kAll),
                                                    family(kCompute, 0), family(kCompute), family(kAll)};
  CHECK(choose_family(gpu, UINT32_MAX) == 3);
  CHECK(choose_family(gpu, 1) == 1);
  CHECK(choose_family(gpu, 0) == UINT32_MAX);
  CHECK(choose_family(gpu, 9) == UINT32_MAX);
  CHECK(choose_family(std::span(gpu).first(2), UINT32_MAX) == 1);
  CHECK(choose_family({}, UINT32_MAX) == UINT32_MAX);
}
