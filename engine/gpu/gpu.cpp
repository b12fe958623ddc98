#include "gpu/gpu.h"

#include <algorithm>
#include <cstdio>

#include "core/check.h"
#include "gpu/capabilities.h"
#include "gpu/selftest.h"
#include "gpu/shaders.h"

namespace fovea {
namespace {

constexpr const char* kPortability = "VK_KHR_portability_subset";  // must be enabled where a device has it
constexpr const char* kGlobalPriority = "VK_KHR_global_priority";

}  // namespace

// Delegating to the private constructor first: if the body throws, ~Gpu releases what was made so far.
Gpu::Gpu(const DeviceOptions& options) : Gpu(options, 0) {
  instance_ = std::make_unique<Instance>(validation_demanded(options));
  std::vector<Physical> all = describe_all(*instance_);
  std::vector<DeviceInfo> infos;
  for (const Physical& each : all) infos.push_back(each.info);
  DeviceChoice choice = choose_device(infos, device_request(options));
  physical_ = std::move(all[static_cast<size_t>(choice.index)]);
  why_ = std::move(choice.why);
  make_device();
  start({}, VK_NULL_HANDLE);
}

Gpu::Gpu(const HostDevice& host, const DeviceOptions& options) : Gpu(options, 0) {
  FOVEA_CHECK(host.instance && host.physical && host.device && host.queue,
              "adopting a device needs its instance, physical device, device and queue");
  const std::string missing = missing_feature(features_in_chain(host.features));
  FOVEA_CHECK_AS(unsupported, missing.empty(), "adopting a device: the feature ", missing,
                 " was not enabled (not in the chain HostDevice::features)");
  instance_ = std::make_unique<Instance>(host);
  const auto all = instance_->physical_devices();
  const auto at = std::find(all.begin(), all.end(), host.physical);
  const int index = at == all.end() ? -1 : static_cast<int>(at - all.begin());
  physical_ = describe(instance_->table(), host.physical, index, host.family);
  FOVEA_CHECK_AS(unsupported, physical_.info.unsuitable.empty(), "adopting ", physical_.info.name, ": ",
                 physical_.info.unsuitable);
  why_ = physical_.info.name + ": adopted from the host application";
  keep_enabled(physical_.info.capabilities, host.features);
  device_ = host.device;
  allocation_ = host.allocation;
  start({.handle = host.queue, .host = &host}, host.pipeline_cache);
}

void Gpu::make_device() {
  FeatureChain features(physical_.extensions);
  std::vector<const char*> extensions;
  for (const std::string& each : physical_.extensions) {
    if (each == kPortability) extensions.push_back(kPortability);
    if (each == kGlobalPriority && options_.low_priority) extensions.push_back(kGlobalPriority);
  }
  for (const Feature& feature : required_features()) features.enable(feature);
  for (const CapabilityRow& row : capability_rows()) {
    if (!capability(row.name).advertised) continue;
    if (row.feature.name != nullptr) features.enable(row.feature);
    if (row.extension != nullptr) extensions.push_back(row.extension);
  }

  const float priority = options_.low_priority ? 0.0f : 1.0f;
  VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueFamilyIndex = physical_.family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  const VkDeviceQueueGlobalPriorityCreateInfoKHR low = {
      VK_STRUCTURE_TYPE_DEVICE_QUEUE_GLOBAL_PRIORITY_CREATE_INFO_KHR, nullptr,
      VK_QUEUE_GLOBAL_PRIORITY_LOW_KHR};
  if (std::find(extensions.begin(), extensions.end(), kGlobalPriority) != extensions.end())
    queue.pNext = &low;
  VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, features.head()};
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  const InstanceTable& table = instance_->table();
  VkResult made = table.create_device(physical_.handle, &info, nullptr, &device_);
  if (made != VK_SUCCESS && queue.pNext != nullptr) {  // a driver may refuse a priority that it knows
    queue.pNext = nullptr;
    made = table.create_device(physical_.handle, &info, nullptr, &device_);
  }
  check_vk(made, "vkCreateDevice");
  owned_ = true;
  // Before the table is complete, so that a function it lacks leaves no device behind.
  table_.vkDestroyDevice =
      reinterpret_cast<PFN_vkDestroyDevice>(table.get_device_proc(device_, "vkDestroyDevice"));
}

void Gpu::start(Queue::Options queue, VkPipelineCache cache) {
  apply_settings();
  expect_kernels(info().name, limits().kernels);
  table_ = load_device_table(instance_->table().get_device_proc, device_);
  if (owned_) table_.vkGetDeviceQueue(device_, physical_.family, 0, &queue.handle);
  queue.device = info().name;
  queue.allocation = allocation_;
  queue_ = std::make_unique<Queue>(table_, device_, queue);
  // The self-test itself needs these; it takes back what it finds wrong.
  for (Capability& each : physical_.info.capabilities) each.tested = each.advertised;
  memory_ = std::make_unique<Memory>(*this, options_);
  kernels_ = std::make_unique<Kernels>(*this, options_, cache);
  if (options_.skip_selftest || queue_->never_submits()) {
    for (const Capability& each : physical_.info.capabilities) settle(physical_.info, each.name, "");
  } else {
    test_capabilities();
  }
}

// What options say must make sense. A slip in the environment ends an own program; a host's only hears of it.
void Gpu::apply_settings() {
  const auto from_environment = [&](const auto& setting) {
    try {
      setting();
    } catch (const Error& error) {
      if (owned_) throw;
      note(error.what());
    }
  };
  disable_capabilities(physical_.info.capabilities, options_.disable);
  from_environment([&] {
    disable_capabilities(physical_.info.capabilities, words(environment("FOVEA_DISABLE", options_)));
  });
  from_environment([&] {
    Limits& limits = physical_.info.limits;
    limits.kernels = kernel_class(limits.kernels, environment("FOVEA_KERNELS", options_));
  });
}

void Gpu::test_capabilities() {
  SelfTest result = run_selftest(*this);
  for (const CapabilityRow& row : capability_rows()) {
    // Memory may be wrong only the way that this capability takes it: tested again without.
    if (row.finding != &SelfTest::memory || result.memory.empty() || !usable(row.name)) continue;
    settle(physical_.info, row.name, result.memory);
    result = run_selftest(*this);
  }
  FOVEA_CHECK(result.memory.empty(), info().name, ": self-test of memory failed: ", result.memory);
  for (const CapabilityRow& row : capability_rows()) {
    Capability& each = capability(row.name);
    if (row.finding != nullptr && row.finding != &SelfTest::memory)
      settle(physical_.info, row.name, result.*row.finding);
    if (row.answer == nullptr) continue;
    if (each.usable()) settle(physical_.info, row.name, run_optional_selftest(*this, row));
    if (each.disabled) each.tested = false;  // a switched-off feature is not even tried
  }
}

Gpu::~Gpu() {
  if (queue_) {
    try {
      queue_->wait_all();
    } catch (const Error&) {
      // A lost device has nothing to wait for.
    }
  }
  kernels_.reset();
  memory_.reset();
  queue_.reset();
  if (owned_) table_.vkDestroyDevice(device_, nullptr);
}

Capability& Gpu::capability(const char* name) { return find_capability(physical_.info.capabilities, name); }

bool Gpu::usable(const char* name) const { return const_cast<Gpu*>(this)->capability(name).usable(); }

double Gpu::nanoseconds_per_tick() const { return usable("timestamps") ? physical_.nanoseconds_per_tick : 0; }

void Gpu::name_object(VkObjectType type, uint64_t handle, const char* name) const {
  if (instance_table().set_name == nullptr || !usable("debug_labels")) return;
  VkDebugUtilsObjectNameInfoEXT info = {VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT};
  info.objectType = type;
  info.objectHandle = handle;
  info.pObjectName = name;
  instance_table().set_name(device_, &info);
}

Ticket Gpu::submit(const Submission& what) {
  memory_->flush();
  return queue_->submit(what);
}

void Gpu::note(const std::string& line) const {
  if (options_.log) {
    options_.log(line);
  } else {
    std::fprintf(stderr, "fovea: %s\n", line.c_str());
  }
}

}  // namespace fovea
