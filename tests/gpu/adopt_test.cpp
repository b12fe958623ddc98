#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstring>

#include "gpu/environment.h"
#include "support/check.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// What a driver may do wrong; the functions that Fovea gets from a host's loader pass here.
enum class Fault { none, lost_on_submit, lost_on_wait, dispatch_does_nothing };
Fault fault = Fault::none;
PFN_vkGetDeviceProcAddr real_device_proc = nullptr;
PFN_vkQueueSubmit2 real_submit = nullptr;
PFN_vkWaitSemaphores real_wait = nullptr;
PFN_vkCmdDispatch real_dispatch = nullptr;

VKAPI_ATTR VkResult VKAPI_CALL submit(VkQueue queue, uint32_t count, const VkSubmitInfo2* infos,
                                      VkFence fence) {
  return fault == Fault::lost_on_submit ? VK_ERROR_DEVICE_LOST : real_submit(queue, count, infos, fence);
}
VKAPI_ATTR VkResult VKAPI_CALL wait(VkDevice device, const VkSemaphoreWaitInfo* info, uint64_t timeout) {
  const VkResult result = real_wait(device, info, timeout);
  return fault == Fault::lost_on_wait ? VK_ERROR_DEVICE_LOST : result;
}
VKAPI_ATTR void VKAPI_CALL dispatch(VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z) {
  if (fault != Fault::dispatch_does_nothing) real_dispatch(commands, x, y, z);
}

template <class Function>
PFN_vkVoidFunction replace(Function& real, Function ours, PFN_vkVoidFunction found) {
  real = reinterpret_cast<Function>(found);
  return reinterpret_cast<PFN_vkVoidFunction>(ours);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL device_proc(VkDevice device, const char* name) {
  const PFN_vkVoidFunction found = real_device_proc(device, name);
  if (std::strcmp(name, "vkQueueSubmit2") == 0) return replace(real_submit, submit, found);
  if (std::strcmp(name, "vkWaitSemaphores") == 0) return replace(real_wait, wait, found);
  if (std::strcmp(name, "vkCmdDispatch") == 0) return replace(real_dispatch, dispatch, found);
  return found;
}

void* instance_proc(VkInstance instance, const char* name) {
  const PFN_vkVoidFunction found = vkGetInstanceProcAddr(instance, name);
  if (std::strcmp(name, "vkGetDeviceProcAddr") != 0) return reinterpret_cast<void*>(found);
  real_device_proc = reinterpret_cast<PFN_vkGetDeviceProcAddr>(found);
  return reinterpret_cast<void*>(device_proc);
}

// An application with a Vulkan of its own, and its own validation where FOVEA_VALIDATION asks for it.
class Host {
 public:
  explicit Host(const char* left_out = "") {
    REQUIRE(volkInitialize() == VK_SUCCESS);
    make_instance();
    table_ = load_instance_table(vkGetInstanceProcAddr, instance_);
    if (table_.create_messenger) {
      check_vk(table_.create_messenger(instance_, &messenger_info_, nullptr, &messenger_), "messenger");
    }
    uint32_t count = 1;
    table_.enumerate_physical_devices(instance_, &count, &physical_);
    REQUIRE(count == 1);
    make_device(left_out);
  }
  ~Host() {
    if (device_) load_device_table(table_.get_device_proc, device_).vkDestroyDevice(device_, nullptr);
    if (messenger_) table_.destroy_messenger(instance_, messenger_, nullptr);
    table_.destroy_instance(instance_, nullptr);
  }
  Host(const Host&) = delete;

  // Objects that Fovea left behind are reported here.
  void destroy_device() {
    load_device_table(table_.get_device_proc, device_).vkDestroyDevice(device_, nullptr);
    device_ = VK_NULL_HANDLE;
  }
  HostDevice offer() const {
    VkQueue queue = VK_NULL_HANDLE;
    load_device_table(table_.get_device_proc, device_).vkGetDeviceQueue(device_, 0, 0, &queue);
    return {instance_, physical_, device_, queue, 0, &features_, nullptr};
  }
  std::vector<std::string> messages;

 private:
  static VKAPI_ATTR VkBool32 VKAPI_CALL note(VkDebugUtilsMessageSeverityFlagBitsEXT,
                                             VkDebugUtilsMessageTypeFlagsEXT,
                                             const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
    static_cast<Host*>(user)->messages.push_back(data->pMessage);
    return VK_FALSE;
  }

  void make_instance() {
    const char* layer = "VK_LAYER_KHRONOS_validation";
    const char* extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
    const bool validation = validation_demanded({});
    messenger_info_.messageSeverity =
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    messenger_info_.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
    messenger_info_.pfnUserCallback = note;
    messenger_info_.pUserData = this;
    const VkValidationFeatureEnableEXT sync = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
    const VkValidationFeaturesEXT features = {VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT, nullptr, 1, &sync};
    VkApplicationInfo application = {VK_STRUCTURE_TYPE_APPLICATION_INFO};
    application.apiVersion = VK_API_VERSION_1_3;
    VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    info.pApplicationInfo = &application;
    info.ppEnabledLayerNames = &layer;
    info.ppEnabledExtensionNames = extensions;
    if (validation) {
      info.pNext = &features;
      info.enabledLayerCount = 1;
      info.enabledExtensionCount = 2;
    }
    check_vk(vkCreateInstance(&info, nullptr, &instance_), "vkCreateInstance");
  }

  void make_device(const std::string& left_out) {
    v12_.bufferDeviceAddress = left_out != "bufferDeviceAddress";
    v12_.timelineSemaphore = left_out != "timelineSemaphore";
    v13_.synchronization2 = left_out != "synchronization2";
    v13_.maintenance4 = left_out != "maintenance4";
    v13_.subgroupSizeControl = left_out != "subgroupSizeControl";
    v13_.computeFullSubgroups = left_out != "computeFullSubgroups";
    const float priority = 1;
    VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;
    VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features_};
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queue;
    check_vk(table_.create_device(physical_, &info, nullptr, &device_), "vkCreateDevice");
  }

  VkInstance instance_ = VK_NULL_HANDLE;
  VkPhysicalDevice physical_ = VK_NULL_HANDLE;
  VkDevice device_ = VK_NULL_HANDLE;
  InstanceTable table_;
  VkDebugUtilsMessengerCreateInfoEXT messenger_info_ = {
      VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  VkPhysicalDeviceVulkan12Features v12_ = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features v13_ = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &v12_};
  VkPhysicalDeviceFeatures2 features_ = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v13_};
};

// A submission that scales a buffer by 2; the buffer's values.
std::vector<float> work(Gpu& gpu) {
  const Buffer buffer(gpu, 4000, MemoryKind::device, "work");
  write_floats(gpu, buffer, std::vector<float>(1000, 1.5f));
  const Commands commands(gpu);
  commands.begin();
  Recorder recorder(gpu, commands.handle());
  recorder.enter();
  record_scale(gpu, recorder, {&buffer, 0, 4000}, {&buffer, 0, 4000}, 2);
  recorder.leave();
  commands.end();
  gpu.wait(gpu.submit(commands.handle()));
  return read_floats(gpu, buffer);
}

struct ScopedFault {
  explicit ScopedFault(Fault which) { fault = which; }
  ~ScopedFault() { fault = Fault::none; }
};

}  // namespace

TEST_CASE("a host's device is adopted and handed back whole") {
  Host host;
  const HostDevice offer = host.offer();
  for (int round = 0; round < 2; ++round) {
    for (const std::vector<std::string>& off : {std::vector<std::string>{}, {"mapped"}}) {
      Device adopted(offer, {.disable = off});
      CHECK(adopted.gpu().device() == offer.device);
      CHECK(adopted.info().index == 0);
      CHECK(!adopted.info().limits.int64);  // not among the features the host enabled
      CHECK(adopted.why() == adopted.info().name + ": adopted from the host application");
      CHECK(work(adopted.gpu()) == std::vector<float>(1000, 3));
    }
  }
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}

TEST_CASE("a host's own loader is asked for every function") {
  Host host;
  HostDevice offer = host.offer();
  offer.get_instance_proc_addr = instance_proc;
  real_submit = nullptr;
  const Device adopted(offer);
  CHECK(real_submit != nullptr);
  CHECK(work(adopted.gpu()) == std::vector<float>(1000, 3));
}

TEST_CASE("a host's device without a needed feature is rejected by its name") {
  const std::vector<std::string> needed = Device::required_features();
  CHECK(needed.size() == 6);
  for (const char* left_out : {"bufferDeviceAddress", "timelineSemaphore", "synchronization2", "maintenance4",
                               "subgroupSizeControl", "computeFullSubgroups"}) {
    CHECK(std::find(needed.begin(), needed.end(), left_out) != needed.end());
  }
  for (const char* left_out : {"timelineSemaphore", "maintenance4"}) {
    Host host(left_out);
    check_rejects([&] { Device adopted(host.offer()); }, {"adopting", left_out, "not enabled"});
    host.destroy_device();
    CHECK(host.messages == std::vector<std::string>{});
  }
}

TEST_CASE("an offer with holes is rejected") {
  Host host;
  HostDevice offer = host.offer();
  offer.features = nullptr;
  check_rejects([&] { Device adopted(offer); }, {"bufferDeviceAddress"});
  offer = host.offer();
  offer.queue = nullptr;
  check_rejects([&] { Device adopted(offer); }, {"queue"});
  offer = host.offer();
  offer.family = 77;
  check_rejects([&] { Device adopted(offer); }, {"queue family 77"});
}

TEST_CASE("a lost device is an error for good") {
  for (const Fault which : {Fault::lost_on_submit, Fault::lost_on_wait}) {
    Host host;
    HostDevice offer = host.offer();
    offer.get_instance_proc_addr = instance_proc;
    {
      Device adopted(offer);
      CHECK(work(adopted.gpu()).size() == 1000);
      {
        const ScopedFault scoped(which);
        check_rejects([&] { work(adopted.gpu()); }, {adopted.info().name, "lost"});
      }
      // The driver would answer again, but what it would compute with is gone.
      check_rejects([&] { work(adopted.gpu()); }, {"lost"});
      check_rejects([&] { adopted.gpu().wait(1); }, {"lost"});
    }
    Device another(offer);
    CHECK(work(another.gpu()) == std::vector<float>(1000, 3));
  }
}

TEST_CASE("a device that computes nothing fails its self-test and leaves nothing behind") {
  Host host;
  HostDevice offer = host.offer();
  offer.get_instance_proc_addr = instance_proc;
  {
    const ScopedFault scoped(Fault::dispatch_does_nothing);
    check_rejects([&] { Device adopted(offer); }, {"self-test of memory", "stored word at lane 0"});
  }
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}
