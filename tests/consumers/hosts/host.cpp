#include "host.h"

#ifdef HOST_HAS_VOLK
#include <volk.h>
#else
#include <vulkan/vulkan.h>
#endif
#define VMA_STATIC_VULKAN_FUNCTIONS 0
#define VMA_DYNAMIC_VULKAN_FUNCTIONS 1
#include <vk_mem_alloc.h>

#include <array>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

// windows.h has these.
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define near
#define far
#define small char
#define interface struct
#define IN
#define OUT
#define ERROR 0
#define DELETE 0x10000
#define CONST const
#include <fovea/fovea.hpp>

#if FOVEA_VERSION != FOVEA_VERSION_MAJOR * 10000 + FOVEA_VERSION_MINOR * 100 + FOVEA_VERSION_PATCH
#error "the version disagrees with itself"
#endif

namespace {

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

struct Host {
  Host() {
#ifdef HOST_HAS_VOLK
    check(volkInitialize() == VK_SUCCESS, "volkInitialize");
#endif
    VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO};
    application.apiVersion = VK_API_VERSION_1_3;
    VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    info.pApplicationInfo = &application;
    check(vkCreateInstance(&info, nullptr, &instance) == VK_SUCCESS, "vkCreateInstance");
#ifdef HOST_HAS_VOLK
    volkLoadInstance(instance);
#endif
    uint32_t count = 1;
    const VkResult found = vkEnumeratePhysicalDevices(instance, &count, &physical);
    check((found == VK_SUCCESS || found == VK_INCOMPLETE) && count == 1, "vkEnumeratePhysicalDevices");
    make_device();
    make_memory();
  }
  ~Host() {
    if (buffer) vmaDestroyBuffer(memory, buffer, allocation);
    if (memory) vmaDestroyAllocator(memory);
    if (device) vkDestroyDevice(device, nullptr);
    if (instance) vkDestroyInstance(instance, nullptr);
  }
  Host(const Host&) = delete;

  void make_device() {
    vulkan12.bufferDeviceAddress = vulkan12.timelineSemaphore = VK_TRUE;
    vulkan13.synchronization2 = vulkan13.maintenance4 = VK_TRUE;
    vulkan13.subgroupSizeControl = vulkan13.computeFullSubgroups = VK_TRUE;
    const float priority = 1;
    VkDeviceQueueCreateInfo queues{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
    queues.queueCount = 1;
    queues.pQueuePriorities = &priority;
    VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features};
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queues;
    check(vkCreateDevice(physical, &info, nullptr, &device) == VK_SUCCESS, "vkCreateDevice");
    vkGetDeviceQueue(device, 0, 0, &queue);
  }

  // With the host's own VulkanMemoryAllocator.
  void make_memory() {
    VmaVulkanFunctions functions{};
    functions.vkGetInstanceProcAddr = vkGetInstanceProcAddr;
    functions.vkGetDeviceProcAddr = vkGetDeviceProcAddr;
    VmaAllocatorCreateInfo info{};
    info.physicalDevice = physical;
    info.device = device;
    info.instance = instance;
    info.pVulkanFunctions = &functions;
    info.vulkanApiVersion = VK_API_VERSION_1_3;
    check(vmaCreateAllocator(&info, &memory) == VK_SUCCESS, "vmaCreateAllocator");

    VkBufferCreateInfo of_buffer{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
    of_buffer.size = 4096;
    of_buffer.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
    VmaAllocationCreateInfo of_memory{};
    of_memory.usage = VMA_MEMORY_USAGE_AUTO;
    of_memory.flags =
        VMA_ALLOCATION_CREATE_HOST_ACCESS_SEQUENTIAL_WRITE_BIT | VMA_ALLOCATION_CREATE_MAPPED_BIT;
    VmaAllocationInfo got{};
    check(vmaCreateBuffer(memory, &of_buffer, &of_memory, &buffer, &allocation, &got) == VK_SUCCESS,
          "vmaCreateBuffer");
    check(got.pMappedData != nullptr && got.size >= 4096, "the buffer's memory");
    std::memset(got.pMappedData, 7, 4096);
  }

  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physical = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  VmaAllocator memory = VK_NULL_HANDLE;
  VkBuffer buffer = VK_NULL_HANDLE;
  VmaAllocation allocation = VK_NULL_HANDLE;
  VkPhysicalDeviceVulkan12Features vulkan12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features vulkan13{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &vulkan12};
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &vulkan13};
};

// softmax of four rows, and the largest of each, by Fovea; held against loops.
void compute(fovea::Device& device) {
  constexpr int rows = 4, columns = 5;
  fovea::Graph graph;
  const fovea::Tensor x = graph.input({rows, columns});
  const fovea::Tensor y = fovea::softmax(x);  // (rows, columns)
  const fovea::Tensor top = (fovea::max)(x);  // (rows, 1)
  fovea::Plan plan(device, graph, {y, top});
  std::array<float, rows * columns> values;
  for (int i = 0; i < rows * columns; ++i) values[size_t(i)] = float((i * 7) % 11) * 0.5f - 2;
  plan.write(x, values);
  plan.run();
  const std::vector<float> shares = plan.read(y), tops = plan.read(top);
  for (int r = 0; r < rows; ++r) {
    double total = 0, largest = -100;
    for (int c = 0; c < columns; ++c) {
      const double value = values[size_t(r * columns + c)];
      total += std::exp(value);
      if (value > largest) largest = value;
    }
    check(double(tops[size_t(r)]) == largest, "the largest of a row");
    for (int c = 0; c < columns; ++c) {
      const size_t i = size_t(r * columns + c);
      check(std::abs(double(shares[i]) - std::exp(double(values[i])) / total) < 1e-6, "a share of softmax");
    }
  }
}

// An Error of Fovea's is caught as what it is, across the border of a library too.
void provoke() {
  fovea::Graph graph;
  try {
    fovea::matmul(graph.input({2, 3}), graph.input({2, 3}));
  } catch (const fovea::Error&) {
    return;
  }
  throw std::runtime_error("fovea::Error was not caught");
}

}  // namespace

int run_host() try {
  const Host host;
  {
    fovea::HostDevice offer;
    offer.instance = host.instance;
    offer.physical = host.physical;
    offer.device = host.device;
    offer.queue = host.queue;
    offer.features = &host.features;
    fovea::Device device(offer);
    compute(device);
    provoke();
    std::printf("softmax on %s\n", device.info().name.c_str());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "host: %s\n", error.what());
  return 1;
}
