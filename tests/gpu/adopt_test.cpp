#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <cstring>
#include <future>
#include <thread>

#include "gpu/environment.h"
#include "support/check.h"
#include "support/host.h"

using namespace fovea;
using namespace fovea::test;

namespace {

// What a driver may do wrong; the functions that Fovea gets from a host's loader pass here.
enum class Fault { none, lost_on_submit, lost_on_wait, dispatch_does_nothing, compiler_waits };
Fault fault = Fault::none;
PFN_vkGetDeviceProcAddr real_device_proc = nullptr;
PFN_vkQueueSubmit real_submit = nullptr;
PFN_vkWaitForFences real_wait = nullptr;
PFN_vkCmdDispatch real_dispatch = nullptr;
PFN_vkCreateComputePipelines real_compile = nullptr;
int submissions = 0;
VkPipelineCache cache_of_host = VK_NULL_HANDLE;  // that the last pipeline was made with
std::promise<void> compiling, compile;           // told by, and waited for by a compiler that waits

VKAPI_ATTR VkResult VKAPI_CALL submit(VkQueue queue, uint32_t count, const VkSubmitInfo* infos,
                                      VkFence fence) {
  ++submissions;
  return fault == Fault::lost_on_submit ? VK_ERROR_DEVICE_LOST : real_submit(queue, count, infos, fence);
}
VKAPI_ATTR VkResult VKAPI_CALL wait(VkDevice device, uint32_t count, const VkFence* fences, VkBool32 all,
                                    uint64_t timeout) {
  const VkResult result = real_wait(device, count, fences, all, timeout);
  return fault == Fault::lost_on_wait ? VK_ERROR_DEVICE_LOST : result;
}
VKAPI_ATTR void VKAPI_CALL dispatch(VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z) {
  if (fault != Fault::dispatch_does_nothing) real_dispatch(commands, x, y, z);
}

VKAPI_ATTR VkResult VKAPI_CALL create_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count,
                                                const VkComputePipelineCreateInfo* infos,
                                                const VkAllocationCallbacks* allocation, VkPipeline* made) {
  cache_of_host = cache;
  if (fault == Fault::compiler_waits) {
    fault = Fault::none;
    compiling.set_value();
    compile.get_future().wait();
  }
  return real_compile(device, cache, count, infos, allocation, made);
}

template <class Function>
PFN_vkVoidFunction replace(Function& real, Function ours, PFN_vkVoidFunction found) {
  real = reinterpret_cast<Function>(found);
  return reinterpret_cast<PFN_vkVoidFunction>(ours);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL device_proc(VkDevice device, const char* name) {
  const PFN_vkVoidFunction found = real_device_proc(device, name);
  if (std::strcmp(name, "vkQueueSubmit") == 0) return replace(real_submit, submit, found);
  if (std::strcmp(name, "vkWaitForFences") == 0) return replace(real_wait, wait, found);
  if (std::strcmp(name, "vkCreateComputePipelines") == 0)
    return replace(real_compile, create_pipelines, found);
  if (std::strcmp(name, "vkCmdDispatch") == 0) return replace(real_dispatch, dispatch, found);
  return found;
}

void* instance_proc(VkInstance instance, const char* name) {
  const PFN_vkVoidFunction found = vkGetInstanceProcAddr(instance, name);
  if (std::strcmp(name, "vkGetDeviceProcAddr") != 0) return reinterpret_cast<void*>(found);
  real_device_proc = reinterpret_cast<PFN_vkGetDeviceProcAddr>(found);
  return reinterpret_cast<void*>(device_proc);
}

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
  gpu.wait(gpu.submit({commands.handle()}));
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

TEST_CASE("a host's device with buffer device addresses alone is enough") {
  Host host({.features = {"bufferDeviceAddress"}});
  {
    Device adopted(host.offer());
    CHECK(!adopted.gpu().usable("subgroup_size"));
    CHECK(!adopted.gpu().usable("full_subgroups"));
    CHECK(adopted.gpu().usable("subgroup"));
    CHECK(work(adopted.gpu()) == std::vector<float>(1000, 3));
  }
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}

TEST_CASE("a host's device without buffer device addresses is rejected by their name") {
  Host host({.features = {"timelineSemaphore"}});
  check_rejects([&] { Device adopted(host.offer()); }, {"adopting", "bufferDeviceAddress", "not enabled"});
}

TEST_CASE("a host's instance of an older Vulkan is rejected with the true reason") {
  Host host({.features = {"bufferDeviceAddress"}, .api_version = VK_API_VERSION_1_2});
  check_rejects([&] { Device adopted(host.offer()); }, {"instance", "Vulkan 1.2.0", "1.3 is needed"});
  HostDevice silent = host.offer();
  silent.api_version = 0;
  if (host.instance_table().get_device_proc(host.device(), "vkCmdPipelineBarrier2") == nullptr)
    check_rejects([&] { Device adopted(silent); }, {"instance", "apiVersion", "1.3 is needed"});
}

TEST_CASE("a host's chain is filled with what Fovea uses") {
  Host host;
  VkPhysicalDeviceVulkan12Features v12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceFeatures2 chain = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &v12};
  HostDevice offer = host.offer();
  offer.device = nullptr;  // made of the chain later on
  offer.queue = nullptr;
  const std::vector<std::string> homeless = enable_features(offer, &chain);
  CHECK(v12.bufferDeviceAddress == VK_TRUE);
  CHECK(homeless == std::vector<std::string>{"subgroupSizeControl", "computeFullSubgroups"});
  VkPhysicalDeviceFeatures2 bare = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  CHECK(enable_features(offer, &bare).front() == "bufferDeviceAddress");
  check_rejects([&] { Device adopted(offer); }, {"adopting a device needs", "device and queue"});
  check_rejects([&] { enable_features({}, &bare); }, {"enable_features needs", "physical device"});
}

TEST_CASE("a host's lock is held around every submission, and only there") {
  Host host;
  struct Lock {
    int depth = 0, taken = 0;
  } lock;
  HostDevice offer = host.offer();
  offer.user = &lock;
  offer.lock = [](void* user) {
    auto* l = static_cast<Lock*>(user);
    CHECK(l->depth++ == 0);
    ++l->taken;
  };
  offer.unlock = [](void* user) { CHECK(--static_cast<Lock*>(user)->depth == 0); };
  offer.get_instance_proc_addr = instance_proc;
  Device adopted(offer);
  submissions = 0;
  lock.taken = 0;
  CHECK(work(adopted.gpu()) == std::vector<float>(1000, 3));
  CHECK(lock.depth == 0);
  CHECK(submissions > 0);
  CHECK(lock.taken == submissions);
}

TEST_CASE("a host's pipeline cache is used and kept") {
  Host host;
  const VkPipelineCacheCreateInfo info = {VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
  HostDevice offer = host.offer();
  check_vk(host.vk().vkCreatePipelineCache(host.device(), &info, nullptr, &offer.pipeline_cache), "cache");
  offer.get_instance_proc_addr = instance_proc;
  {
    Device adopted(offer);
    CHECK(work(adopted.gpu()) == std::vector<float>(1000, 3));
    CHECK(cache_of_host == offer.pipeline_cache);
    CHECK(adopted.cached_kernels().empty());  // the host saves its own
  }
  host.vk().vkDestroyPipelineCache(host.device(), offer.pipeline_cache, nullptr);
  host.destroy_device();
  CHECK(host.messages == std::vector<std::string>{});
}

TEST_CASE("a host's allocation callbacks see every object, and get all of it back") {
  struct Count {
    std::atomic<int64_t> live = 0, made = 0;
  } count;
  VkAllocationCallbacks callbacks = {};
  callbacks.pUserData = &count;
  callbacks.pfnAllocation = [](void* user, size_t size, size_t alignment, VkSystemAllocationScope) {
    auto* c = static_cast<Count*>(user);
    ++c->live;
    ++c->made;
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  };
  callbacks.pfnReallocation = [](void* user, void* old, size_t size, size_t alignment,
                                 VkSystemAllocationScope) -> void* {
    auto* c = static_cast<Count*>(user);
    c->live += old == nullptr ? 1 : 0;
    return alignment <= alignof(std::max_align_t) ? std::realloc(old, size) : nullptr;
  };
  callbacks.pfnFree = [](void* user, void* memory) {
    if (memory != nullptr) --static_cast<Count*>(user)->live;
    std::free(memory);
  };
  Host host;
  HostDevice offer = host.offer();
  offer.allocation = &callbacks;
  {
    Device adopted(offer);
    CHECK(work(adopted.gpu()) == std::vector<float>(1000, 3));
  }
  CHECK(count.made > 0);
  CHECK(count.live == 0);
}

TEST_CASE("slips in the environment do not end a host, and may be ignored") {
  Host host;
  const ScopedVariable disable("FOVEA_DISABLE", "timestamp"), kernels("FOVEA_KERNELS", "npu");
  std::vector<std::string> lines;
  const auto log = [&](const std::string& line) { lines.push_back(line); };
  CHECK(work(Device(host.offer(), {.log = log}).gpu()) == std::vector<float>(1000, 3));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("\"timestamp\"") != std::string::npos);
  CHECK(lines[1].find("npu") != std::string::npos);
  lines.clear();
  CHECK(work(Device(host.offer(), {.ignore_environment = true, .log = log}).gpu()).size() == 1000);
  CHECK(lines.empty());
}

TEST_CASE("a host that submits everything itself gets no submission of Fovea's") {
  Host host;
  HostDevice offer = host.offer();
  offer.never_submit = true;
  offer.get_instance_proc_addr = instance_proc;
  submissions = 0;
  Device adopted(offer);
  const Buffer buffer(adopted.gpu(), 4000, MemoryKind::device, "work");
  write_floats(adopted.gpu(), buffer, std::vector<float>(1000, 1.5f));
  CHECK(read_floats(adopted.gpu(), buffer) == std::vector<float>(1000, 1.5f));
  const Commands commands(adopted.gpu());
  check_rejects([&] { adopted.gpu().submit({commands.handle()}); }, {"never_submit"});
  CHECK(submissions == 0);
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

TEST_CASE("who has its kernels does not wait for another thread's compilation") {
  Host host;
  HostDevice offer = host.offer();
  offer.get_instance_proc_addr = instance_proc;
  Device adopted(offer);
  Gpu& gpu = adopted.gpu();
  const uint32_t lanes = gpu.limits().subgroup;
  const Kernel* ready = &gpu.kernel("scale", lanes);
  compiling = {};
  compile = {};
  const ScopedFault scoped(Fault::compiler_waits);
  const Kernel *first = nullptr, *second = nullptr;
  std::thread loader([&] { first = &gpu.kernel("scale", 2 * lanes); });
  compiling.get_future().wait();
  std::thread follower([&] { second = &gpu.kernel("scale", 2 * lanes); });  // waits for the loader's
  auto recorded = std::async(std::launch::async, [&] { return &gpu.kernel("scale", lanes); });
  const bool in_time = recorded.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  compile.set_value();
  loader.join();
  follower.join();
  CHECK(in_time);
  CHECK(recorded.get() == ready);
  CHECK(first == second);
  CHECK(first != ready);
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
