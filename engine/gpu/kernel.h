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

namespace fovea {

class Gpu;

constexpr uint32_t kPushBytes = 128;  // what every Vulkan device has

// SPIR-V of shaders/<name>.comp, embedded at build time; empty when there is no such shader.
std::span<const uint32_t> shader_words(const std::string& name);
std::vector<std::string> shader_names();

struct Kernel {
  std::string name;
  VkPipeline pipeline = VK_NULL_HANDLE;
  VkPipelineLayout layout = VK_NULL_HANDLE;  // push constants only
  uint32_t lanes = 0;                        // of a workgroup
};

// The pipelines of one device, each made on first use. Thread safe.
class Kernels {
 public:
  explicit Kernels(Gpu& gpu);
  ~Kernels();
  Kernels(const Kernels&) = delete;
  Kernels& operator=(const Kernels&) = delete;

  const Kernel& get(const std::string& name, std::span<const uint32_t> constants);

 private:
  VkPipeline make(const std::string& name, std::span<const uint32_t> constants);

  Gpu& gpu_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::vector<uint32_t>>, Kernel> kernels_;
};

}  // namespace fovea
