#include "gpu/gpu.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "gpu/capabilities.h"
#include "gpu/selftest.h"

namespace fovea {
namespace {

constexpr const char* kPortability = "VK_KHR_portability_subset";  // must be enabled where a device has it

}  // namespace

// Delegating to Gpu() first: if the body throws, ~Gpu releases what was made so far.
Gpu::Gpu(const DeviceOptions& options) : Gpu() {
  instance_ = std::make_unique<Instance>(validation_demanded(options));
  std::vector<Physical> all = describe_all(*instance_);
  std::vector<DeviceInfo> infos;
  for (const Physical& each : all) infos.push_back(each.info);
  DeviceChoice choice = choose_device(infos, device_request(options));
  physical_ = std::move(all[static_cast<size_t>(choice.index)]);
  why_ = std::move(choice.why);
  make_device();
  start(options);
}

Gpu::Gpu(const HostDevice& host, const DeviceOptions& options) : Gpu() {
  FOVEA_CHECK(host.instance && host.physical && host.device && host.queue,
              "adopting a device needs its instance, physical device, device and queue");
  const std::string missing = missing_feature(features_in_chain(host.features));
  FOVEA_CHECK(missing.empty(), "adopting a device: the feature ", missing,
              " was not enabled (not in the chain HostDevice::features)");
  instance_ = std::make_unique<Instance>(host);
  const auto all = instance_->physical_devices();
  const auto at = std::find(all.begin(), all.end(), host.physical);
  const int index = at == all.end() ? -1 : static_cast<int>(at - all.begin());
  physical_ = describe(instance_->table(), host.physical, index, host.family);
  FOVEA_CHECK(physical_.info.unsuitable.empty(), "adopting ", physical_.info.name, ": ",
              physical_.info.unsuitable);
  why_ = physical_.info.name + ": adopted from the host application";
  keep_enabled(physical_.info.capabilities, host.features);
  device_ = host.device;
  queue_ = host.queue;
  start(options);
}

void Gpu::make_device() {
  FeatureChain features(physical_.extensions);
  std::vector<const char*> extensions;
  for (const std::string& each : physical_.extensions) {
    if (each == kPortability) extensions.push_back(kPortability);
  }
  for (const Feature& feature : required_features()) features.enable(feature);
  for (const CapabilityRow& row : capability_rows()) {
    if (!capability(row.name).advertised) continue;
    if (row.feature.name != nullptr) features.enable(row.feature);
    if (row.extension != nullptr) extensions.push_back(row.extension);
  }

  const float priority = 1;
  VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueFamilyIndex = physical_.family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, features.head()};
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  const InstanceTable& table = instance_->table();
  check_vk(table.create_device(physical_.handle, &info, nullptr, &device_), "vkCreateDevice");
  owned_ = true;
  // Before the table is complete, so that a function it lacks leaves no device behind.
  table_.vkDestroyDevice =
      reinterpret_cast<PFN_vkDestroyDevice>(table.get_device_proc(device_, "vkDestroyDevice"));
}

void Gpu::start(const DeviceOptions& options) {
  physical_.info.limits.kernels = kernel_class(physical_.info.limits.kernels);
  disable_capabilities(physical_.info.capabilities, options);
  table_ = load_device_table(instance_->table().get_device_proc, device_);
  if (owned_) table_.vkGetDeviceQueue(device_, physical_.family, 0, &queue_);

  VkSemaphoreTypeCreateInfo type = {VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO};
  type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
  const VkSemaphoreCreateInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type};
  check_vk(table_.vkCreateSemaphore(device_, &info, nullptr, &timeline_), "vkCreateSemaphore");
  // The self-test itself needs these; it takes back what it finds wrong.
  for (Capability& each : physical_.info.capabilities) each.tested = each.advertised;
  memory_ = std::make_unique<Memory>(*this);
  kernels_ = std::make_unique<Kernels>(*this);
  test_capabilities();
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
  try {
    if (timeline_) wait_all();
  } catch (const Error&) {
    // A lost device has nothing to wait for.
  }
  release();
}

void Gpu::release() {
  kernels_.reset();
  memory_.reset();
  for (const auto& [commands, pool] : pools_) table_.vkDestroyCommandPool(device_, pool, nullptr);
  if (timeline_) table_.vkDestroySemaphore(device_, timeline_, nullptr);
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

VkCommandBuffer Gpu::make_commands() {
  VkCommandPoolCreateInfo info = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  info.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  info.queueFamilyIndex = physical_.family;
  VkCommandPool pool = VK_NULL_HANDLE;
  check_vk(table_.vkCreateCommandPool(device_, &info, nullptr, &pool), "vkCreateCommandPool");
  VkCommandBufferAllocateInfo allocate = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  allocate.commandPool = pool;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = 1;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  const VkResult result = table_.vkAllocateCommandBuffers(device_, &allocate, &commands);
  if (result != VK_SUCCESS) table_.vkDestroyCommandPool(device_, pool, nullptr);
  check_vk(result, "vkAllocateCommandBuffers");
  const std::lock_guard lock(pools_mutex_);
  pools_.emplace(commands, pool);
  return commands;
}

void Gpu::free_commands(VkCommandBuffer commands) {
  if (commands == VK_NULL_HANDLE) return;
  try {
    wait_all();
  } catch (const Error&) {
    // A lost device has nothing to wait for.
  }
  const std::lock_guard lock(pools_mutex_);
  const auto at = pools_.find(commands);
  if (at == pools_.end()) return;
  table_.vkDestroyCommandPool(device_, at->second, nullptr);
  pools_.erase(at);
}

void Gpu::check_alive(VkResult result, const char* call) {
  if (result == VK_ERROR_DEVICE_LOST) lost_ = true;
  FOVEA_CHECK(!lost_, info().name, ": the device is lost (VK_ERROR_DEVICE_LOST); open another Device");
  check_vk(result, call);
}

uint64_t Gpu::submit(VkCommandBuffer commands, uint32_t times) {
  const std::lock_guard lock(queue_mutex_);
  check_alive(VK_SUCCESS, "");
  const uint64_t value = submitted_ + 1;
  VkCommandBufferSubmitInfo buffer = {VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
  buffer.commandBuffer = commands;
  std::array<VkCommandBufferSubmitInfo, kMaxReplays> buffers;
  buffers.fill(buffer);
  VkSemaphoreSubmitInfo signal = {VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
  signal.semaphore = timeline_;
  signal.value = value;
  signal.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
  VkSubmitInfo2 info = {VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
  info.commandBufferInfoCount = times;
  info.pCommandBufferInfos = buffers.data();
  info.signalSemaphoreInfoCount = 1;
  info.pSignalSemaphoreInfos = &signal;
  check_alive(table_.vkQueueSubmit2(queue_, 1, &info, VK_NULL_HANDLE), "vkQueueSubmit2");
  submitted_ = value;
  return value;
}

void Gpu::wait(uint64_t value) {
  check_alive(VK_SUCCESS, "");
  VkSemaphoreWaitInfo info = {VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
  info.semaphoreCount = 1;
  info.pSemaphores = &timeline_;
  info.pValues = &value;
  check_alive(table_.vkWaitSemaphores(device_, &info, UINT64_MAX), "vkWaitSemaphores");
}

void Gpu::wait_all() { wait(submitted_); }

}  // namespace fovea
