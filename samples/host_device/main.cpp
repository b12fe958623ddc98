// host_device: Fovea inside a program that has a Vulkan device of its own.
//
//   host_device
//
// A game or a renderer has its instance, device and queue already. It offers them to Fovea, which makes no
// others, then records Fovea's work into a command buffer of its own, beside what else it has to do, and
// submits that itself. Prints
//   softmax(1, 2, 3) = 0.0900 0.2447 0.6652, on llvmpipe (LLVM 15.0.6, 256 bits)
#define VOLK_IMPLEMENTATION
#include <volk.h>

#include <array>
#include <cstdio>
#include <exception>
#include <fovea/fovea.hpp>
#include <stdexcept>

namespace {

void check(VkResult result, const char* what) {
  if (result != VK_SUCCESS)
    throw std::runtime_error(std::string(what) + " gives VkResult " + std::to_string(int(result)));
}

// What the host had before Fovea came. volk is its loader here; any other one, or libvulkan itself, is as
// good: Fovea has functions of its own, under names of its own, and leaves the host's alone.
struct Host {
  Host() {
    check(volkInitialize(), "looking for the Vulkan loader");
    make_instance();
    choose_device();
    make_device();
    make_commands();
  }
  ~Host() {
    if (fence) vkDestroyFence(device, fence, nullptr);
    if (pool) vkDestroyCommandPool(device, pool, nullptr);
    if (device) vkDestroyDevice(device, nullptr);
    if (instance) vkDestroyInstance(instance, nullptr);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  void make_instance() {
    VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO};
    application.apiVersion = VK_API_VERSION_1_3;  // the least that Fovea works with
    VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    info.pApplicationInfo = &application;
    check(vkCreateInstance(&info, nullptr, &instance), "vkCreateInstance");
    volkLoadInstance(instance);
  }

  // The first device with Vulkan 1.3 and a queue family for compute. Families for graphics have compute, too.
  void choose_device() {
    uint32_t count = 0;
    check(vkEnumeratePhysicalDevices(instance, &count, nullptr), "vkEnumeratePhysicalDevices");
    std::vector<VkPhysicalDevice> devices(count);
    check(vkEnumeratePhysicalDevices(instance, &count, devices.data()), "vkEnumeratePhysicalDevices");
    for (const VkPhysicalDevice each : devices) {
      VkPhysicalDeviceProperties properties;
      vkGetPhysicalDeviceProperties(each, &properties);
      if (properties.apiVersion < VK_API_VERSION_1_3) continue;
      uint32_t families = 0;
      vkGetPhysicalDeviceQueueFamilyProperties(each, &families, nullptr);
      std::vector<VkQueueFamilyProperties> all(families);
      vkGetPhysicalDeviceQueueFamilyProperties(each, &families, all.data());
      for (family = 0; family < families; ++family)
        if (all[family].queueFlags & VK_QUEUE_COMPUTE_BIT) {
          physical = each;
          return;
        }
    }
    throw std::runtime_error("no device with Vulkan 1.3 and compute among " + std::to_string(count));
  }

  void make_device() {
    // Fovea needs the first of these and uses the others, as enable_features() would switch them on.
    vulkan12.bufferDeviceAddress = VK_TRUE;  // buffers reach Fovea's shaders as addresses
    vulkan12.timelineSemaphore = VK_TRUE;    // what Plan::wait waits for
    vulkan13.synchronization2 = VK_TRUE;
    vulkan13.maintenance4 = VK_TRUE;
    vulkan13.subgroupSizeControl = VK_TRUE;
    vulkan13.computeFullSubgroups = VK_TRUE;
    // What makes Fovea faster where the device has it: 64-bit integers.
    VkPhysicalDeviceFeatures has;
    vkGetPhysicalDeviceFeatures(physical, &has);
    features.features.shaderInt64 = has.shaderInt64;

    const float priority = 1;
    VkDeviceQueueCreateInfo queues{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
    queues.queueFamilyIndex = family;
    queues.queueCount = 1;
    queues.pQueuePriorities = &priority;
    VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features};
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queues;
    check(vkCreateDevice(physical, &info, nullptr, &device), "vkCreateDevice");
    volkLoadDevice(device);
    vkGetDeviceQueue(device, family, 0, &queue);
  }

  void make_commands() {
    const VkCommandPoolCreateInfo pools{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, nullptr,
                                        VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT, family};
    check(vkCreateCommandPool(device, &pools, nullptr, &pool), "vkCreateCommandPool");
    VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
    info.commandPool = pool;
    info.commandBufferCount = 1;
    check(vkAllocateCommandBuffers(device, &info, &commands), "vkAllocateCommandBuffers");
    const VkFenceCreateInfo fences{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    check(vkCreateFence(device, &fences, nullptr, &fence), "vkCreateFence");
  }

  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physical = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  uint32_t family = 0;
  VkCommandPool pool = VK_NULL_HANDLE;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  VkFence fence = VK_NULL_HANDLE;
  // Fovea reads the chain that vkCreateDevice got, so it is kept.
  VkPhysicalDeviceVulkan12Features vulkan12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features vulkan13{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &vulkan12};
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &vulkan13};
};

// A frame of the host: its command buffer, its submission, its fence.
void frame(const Host& host, fovea::Plan& plan) {
  VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  check(vkBeginCommandBuffer(host.commands, &begin), "vkBeginCommandBuffer");
  // Work of the host may stand before and behind, outside a render pass. record() leaves barriers against
  // transfers, compute and host accesses at both ends; pipeline and push constants for compute are not kept.
  plan.record(host.commands);
  check(vkEndCommandBuffer(host.commands), "vkEndCommandBuffer");

  VkCommandBufferSubmitInfo commands{VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
  commands.commandBuffer = host.commands;
  VkSubmitInfo2 submit{VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
  submit.commandBufferInfoCount = 1;
  submit.pCommandBufferInfos = &commands;
  check(vkQueueSubmit2(host.queue, 1, &submit, host.fence), "vkQueueSubmit2");
  check(vkWaitForFences(host.device, 1, &host.fence, VK_TRUE, UINT64_MAX), "vkWaitForFences");
  check(vkResetFences(host.device, 1, &host.fence), "vkResetFences");
}

}  // namespace

// Several queues or threads. A Vulkan queue takes one call at a time. Fovea submits to HostDevice::queue
// when a Device, a Plan or a State is made, in Plan::run and submit, and, where memory is not shared with
// the host, in read and write. Its own threads take turns; of the host's submissions it knows nothing. So
// either that queue is Fovea's alone (ask vkCreateDevice for one more of the family), or the host makes
// these calls under the lock that it holds for its own submissions. Plan::record touches no queue: what it
// recorded may go to any queue of the same family. A plan is for one thread, and for one run, at a time.
int main() try {
  const Host host;  // first, so that it goes last: Fovea's device must be gone before the host's
  fovea::Device device(fovea::HostDevice{.instance = host.instance,
                                         .physical = host.physical,
                                         .device = host.device,
                                         .queue = host.queue,
                                         .family = host.family,
                                         .features = &host.features});

  fovea::Graph graph;
  const fovea::Tensor x = graph.input({1, 3});
  const fovea::Tensor y = fovea::softmax(x);  // (1, 3)
  fovea::Plan plan(device, graph, {y});

  for (const float last : {0.0f, 3.0f}) {  // a frame each: frame() takes the place of plan.run()
    plan.write(x, std::array{1.0f, 2.0f, last});
    frame(host, plan);
  }
  const std::vector<float> made = plan.read(y);
  std::printf("softmax(1, 2, 3) = %.4f %.4f %.4f, on %s\n", double(made[0]), double(made[1]), double(made[2]),
              device.info().name.c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "host_device: %s\n", error.what());
  return 1;
}
