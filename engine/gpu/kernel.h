// Kernel: a compute pipeline made of an embedded shader and its specialization constants.
#pragma once

#include <volk.h>

#include <cstdint>
#include <future>
#include <map>
#include <shared_mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gpu/pipeline_cache.h"
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

// What a dispatch asks for.
struct KernelWish {
  std::string name;
  uint32_t lanes;
  std::vector<Constant> constants;
};

// The pipelines of one device, each made on first use. Thread safe: who needs one that another thread is
// making waits for that one, who needs another does not.
class Kernels {
 public:
  Kernels(Gpu& gpu, const DeviceOptions& options, VkPipelineCache cache);
  ~Kernels();
  Kernels(const Kernels&) = delete;
  Kernels& operator=(const Kernels&) = delete;

  // Just the constants that the shader has, in any order.
  const Kernel& get(const std::string& name, uint32_t lanes, std::span<const Constant> constants);
  void make_all(const std::vector<KernelWish>& wishes);  // those that are not there yet, on all processors
  const PipelineCache& cache() const { return cache_; }

 private:
  using Key = std::pair<std::string, std::vector<uint32_t>>;  // name and values
  template <class Map, class Make>
  const auto& found_or_made(Map& map, const typename Map::key_type& key, const Make& make);
  const Interface& interface_of(const std::string& name);
  VkPipeline make(const std::string& name, const Interface& interface, std::span<const uint32_t> values);

  Gpu& gpu_;
  PipelineCache cache_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  std::shared_mutex mutex_;  // of the maps; never held while a shader is read or the driver compiles
  std::map<std::string, std::shared_future<Interface>> interfaces_;
  std::map<Key, std::shared_future<Kernel>> kernels_;
};

}  // namespace fovea
