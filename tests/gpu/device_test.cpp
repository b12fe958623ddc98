#include "fovea/device.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "gpu/environment.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// b <- 2^times a through dispatches in place; true when the result is right.
bool doubles(Gpu& gpu, const std::vector<float>& values, int times) {
  const Buffer buffer(gpu, values.size() * 4, MemoryKind::device, "doubled");
  write_floats(gpu, buffer, values);
  const Commands commands(gpu);
  commands.begin();
  Recorder recorder(gpu, commands.handle());
  recorder.enter();
  const Span all{&buffer, 0, buffer.bytes()};
  record_scale(gpu, recorder, all, all, 2);
  recorder.leave();
  commands.end();
  for (int i = 0; i < times; ++i) gpu.wait(gpu.submit({commands.handle()}));
  std::vector<float> want = values;
  for (float& value : want) value *= static_cast<float>(1 << times);
  return read_floats(gpu, buffer) == want;
}

const Capability& capability(const Device& device, const std::string& name) {
  for (const Capability& each : device.info().capabilities) {
    if (each.name == name) return each;
  }
  throw Error("no capability " + name);
}

}  // namespace

TEST_CASE("devices are listed without being opened") {
  const std::vector<DeviceInfo> infos = Device::list();
  REQUIRE(!infos.empty());
  for (size_t i = 0; i < infos.size(); ++i) {
    CHECK(infos[i].index == static_cast<int>(i));
    CHECK(!infos[i].name.empty());
  }
  const DeviceInfo& opened = device().info();
  const DeviceInfo& listed = infos.at(static_cast<size_t>(opened.index));
  CHECK(listed.name == opened.name);
  CHECK(listed.driver == opened.driver);
  CHECK(listed.unsuitable.empty());
  CHECK(listed.memory_bytes > 0);
}

TEST_CASE("a device says what it is and why it was chosen") {
  const Device opened;
  CHECK(opened.why().find(opened.info().name) == 0);
  const Limits& limits = opened.info().limits;
  CHECK(limits.subgroup >= 1);
  CHECK(limits.max_workgroup_lanes >= 128);
  CHECK(limits.shared_bytes >= 16384);
  CHECK(limits.max_groups[0] >= 65535);
  CHECK(limits.max_buffer_bytes >= 1u << 30);
  CHECK(capability(opened, "subgroup").usable());
}

TEST_CASE("a device is opened by index and by part of its name") {
  const DeviceInfo first = Device::list().at(0);
  CHECK(Device({.name = "0"}).info().name == first.name);
  CHECK(Device({.name = first.name.substr(1, 6)}).info().index == first.index);
  const ScopedVariable variable("FOVEA_DEVICE", first.name.c_str());
  const Device opened;
  CHECK(opened.info().index == first.index);
  CHECK(opened.why().find("FOVEA_DEVICE") != std::string::npos);
  const Device option({.name = "0"});  // comes before the environment
  CHECK(option.why().find("DeviceOptions::name") != std::string::npos);
}

TEST_CASE("an unknown device is an error that lists what there is") {
  const std::string there = Device::list().at(0).name;
  check_rejects([] { Device({.name = "Voodoo 2"}); }, {"DeviceOptions::name", "Voodoo 2", there});
  const ScopedVariable variable("FOVEA_DEVICE", "99");
  check_rejects([] { Device(); }, {"FOVEA_DEVICE", "99", there});
}

TEST_CASE("settings that mean nothing are rejected") {
  check_rejects([] { Device({.disable = {"warp"}}); },
                {"warp", "subgroup", "mapped", "timestamps", "debug_labels"});
  {
    const ScopedVariable variable("FOVEA_KERNELS", "npu");
    check_rejects([] { Device(); }, {"FOVEA_KERNELS", "npu"});
  }
  const ScopedVariable variable("FOVEA_VALIDATION", "yes");
  check_rejects([] { Device(); }, {"FOVEA_VALIDATION", "yes"});
}

TEST_CASE("every capability can be switched off, and work goes on") {
  for (const char* name : {"subgroup", "quad", "int64", "mapped", "timestamps", "debug_labels"}) {
    INFO(name);
    const Device opened({.disable = {name}});
    CHECK(capability(opened, name).disabled);
    CHECK(!opened.gpu().usable(name));
    CHECK(doubles(opened.gpu(), random_values(777, 1), 3));
    CHECK(opened.validation_messages().empty());
  }
  const ScopedVariable variable("FOVEA_DISABLE", "timestamps,mapped");
  const Device opened;
  CHECK(!opened.gpu().usable("mapped"));
  CHECK(!opened.gpu().usable("timestamps"));
  CHECK(opened.gpu().usable("subgroup"));
}

TEST_CASE("without subgroup operations limits say one lane, tested or not") {
  const Device opened({.disable = {"subgroup"}});
  CHECK(opened.info().limits.subgroup == 1);
  CHECK(opened.gpu().physical().subgroup > 1);
  CHECK(!opened.info().limits.quad);             // needs four lanes
  CHECK(capability(opened, "subgroup").tested);  // the self-test says what the device does all the same
}

TEST_CASE("limits offer optional instructions only where they are usable") {
  const Device opened;
  CHECK(opened.info().limits.quad == capability(opened, "quad").usable());
  CHECK(opened.info().limits.int64 == capability(opened, "int64").usable());
  const Device without({.disable = {"quad", "int64"}});
  CHECK(!without.info().limits.quad);
  CHECK(!without.info().limits.int64);
  CHECK(!capability(without, "int64").tested);  // a switched-off feature is not even tried
}

TEST_CASE("the kernel class follows the device type unless the environment says otherwise") {
  {
    const ScopedVariable variable("FOVEA_KERNELS", "");
    const Device opened;
    CHECK((opened.info().limits.kernels == KernelClass::cpu) == (opened.info().type == "cpu"));
  }
  for (const KernelClass kernels : {KernelClass::cpu, KernelClass::gpu}) {
    const ScopedVariable variable("FOVEA_KERNELS", name(kernels));
    const Device opened;
    CHECK(opened.info().limits.kernels == kernels);
    CHECK(capability(opened, "subgroup").usable());
  }
}

TEST_CASE("two devices live side by side") {
  Device first;
  auto second = std::make_unique<Device>();
  const std::vector<float> values = random_values(501, 2);
  CHECK(doubles(first.gpu(), values, 2));
  CHECK(doubles(second->gpu(), values, 3));
  CHECK(first.gpu().device() != second->gpu().device());
  const Buffer kept(first.gpu(), 64, MemoryKind::device, "kept");
  CHECK(first.memory().used == 64);
  CHECK(second->memory().used == 0);
  second.reset();
  CHECK(doubles(first.gpu(), values, 4));
  CHECK(first.validation_messages().empty());
}

TEST_CASE("a device moves") {
  Device first;
  Gpu* gpu = &first.gpu();
  Device second = std::move(first);
  CHECK(&second.gpu() == gpu);
  Device third;
  third = std::move(second);
  CHECK(&third.gpu() == gpu);
  CHECK(doubles(third.gpu(), random_values(100, 3), 1));
}

TEST_CASE("threads submit to one device") {
  Device shared;
  std::vector<int> right(3, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 10; ++round) {
        right[t] +=
            doubles(shared.gpu(), random_values(301 + 7 * t, static_cast<uint32_t>(t)), 1 + round % 5);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::vector<int>(3, 10));
  CHECK(shared.validation_messages().empty());
  CHECK(shared.memory().used == 0);
}

TEST_CASE("threads share the staging ring") {
  Device shared({.disable = {"mapped"}});
  std::vector<int> right(2, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 5; ++round) {
        right[t] += doubles(shared.gpu(), random_values(5000, static_cast<uint32_t>(t)), 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::vector<int>(2, 5));
  CHECK(shared.validation_messages().empty());
}

TEST_CASE("validation sees a missing barrier, synchronization included") {
  Device checked({.validation = true});
  Gpu& gpu = checked.gpu();
  const Buffer a(gpu, 64, MemoryKind::device, "a"), b(gpu, 64, MemoryKind::device, "b");
  const Commands commands(gpu);
  commands.begin();
  const VkBufferCopy region = {0, 0, 64};
  gpu.vk().vkCmdCopyBuffer(commands.handle(), a.handle(), b.handle(), 1, &region);
  gpu.vk().vkCmdCopyBuffer(commands.handle(), b.handle(), a.handle(), 1, &region);
  commands.end();
  const std::vector<std::string> messages = checked.validation_messages();
  REQUIRE(!messages.empty());
  // Older layers write SYNC-HAZARD-READ-AFTER-WRITE, newer ones READ_AFTER_WRITE hazard.
  std::string text = messages[0];
  std::replace(text.begin(), text.end(), '-', '_');
  CHECK(text.find("READ_AFTER_WRITE") != std::string::npos);
  const std::vector<std::string>& layers = checked.layers();
  CHECK(std::find(layers.begin(), layers.end(), "VK_LAYER_KHRONOS_validation") != layers.end());
}

TEST_CASE("validation that is asked for and not there is an error") {
  const ScopedVariable nowhere("VK_LAYER_PATH", "/nonexistent");
  check_rejects([] { Device({.validation = true}); }, {"VK_LAYER_KHRONOS_validation", "not installed"});
}

TEST_CASE("a machine without a Vulkan driver is an error") {
  const ScopedVariable files("VK_DRIVER_FILES", "/nonexistent.json");
  const ScopedVariable names("VK_ICD_FILENAMES", "/nonexistent.json");
  const ScopedVariable validation("FOVEA_VALIDATION", "0");
  check_rejects([] { Device(); }, {"no Vulkan here"});
  check_rejects([] { Device::list(); }, {"no Vulkan here"});
}

TEST_CASE("a device of low priority computes the same, and one without self-test too") {
  for (const DeviceOptions& options :
       {DeviceOptions{.low_priority = true}, DeviceOptions{.skip_selftest = true}}) {
    const Device opened(options);
    CHECK(capability(opened, "subgroup").usable());
    CHECK(doubles(opened.gpu(), random_values(777, 1), 3));
    CHECK(opened.validation_messages().empty());
  }
}

TEST_CASE("an own program may ignore the environment") {
  const ScopedVariable disable("FOVEA_DISABLE", "warp"), kernels("FOVEA_KERNELS", "npu"),
      name("FOVEA_DEVICE", "99"), validation("FOVEA_VALIDATION", "perhaps");
  check_rejects([] { Device(); }, {"FOVEA_VALIDATION"});
  CHECK(doubles(Device({.ignore_environment = true}).gpu(), random_values(100, 1), 1));
}
