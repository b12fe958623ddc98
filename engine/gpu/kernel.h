// Kernel: a compute pipeline made of an embedded shader and its specialization constants.
#pragma once

#include <volk.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gpu/reflect.h"

namespace fovea {

class Gpu;

struct Kernel {
  std::string name;
  VkPipeline pipeline = VK_NULL_HANDLE;
  VkPipelineLayout layout = VK_NULL_HANDLE;  // push constants only
  uint32_t lanes = 0;                        // of a workgroup
  const Interface* interface = nullptr;      // lives as long as the kernel
};

// The pipelines of one device, each made on first use. Thread safe.
class Kernels {
 public:
  explicit Kernels(Gpu& gpu);
  ~Kernels();
  Kernels(const Kernels&) = delete;
  Kernels& operator=(const Kernels&) = delete;

  // Just the constants that the shader has, in any order.
  const Kernel& get(const std::string& name, uint32_t lanes, std::span<const Constant> constants);

 private:
  const Interface& interface_of(const std::string& name);
  VkPipeline make(const std::string& name, const Interface& interface, std::span<const uint32_t> values);

  Gpu& gpu_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  std::mutex mutex_;
  std::map<std::string, Interface> interfaces_;
  std::map<std::pair<std::string, std::vector<uint32_t>>, Kernel> kernels_;  // by name and values
};

}  // namespace fovea
