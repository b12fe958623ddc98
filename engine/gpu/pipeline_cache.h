// PipelineCache: a VkPipelineCache, a host's or Fovea's own, and how its content outlives the process.
// Content of another device, driver or version of Fovea, or damaged content, is a miss: noted, and never
// given to the driver.
#pragma once

#include <volk.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "fovea/device.hpp"

namespace fovea {

class Gpu;

class PipelineCache {
 public:
  // From DeviceOptions::cache or ::cached_kernels, unless the host has one.
  PipelineCache(Gpu& gpu, const DeviceOptions& options, VkPipelineCache hosts);
  ~PipelineCache();  // does not save
  PipelineCache(const PipelineCache&) = delete;
  PipelineCache& operator=(const PipelineCache&) = delete;

  VkPipelineCache handle() const { return handle_; }
  std::vector<std::byte> content() const;  // with its header; empty of a host's
  // Writes the file anew if what the driver holds is not what was read. A failure is noted.
  void save() const;

 private:
  std::filesystem::path file() const;  // of this device and driver, in the folder; empty: none

  Gpu& gpu_;
  std::string folder_;
  bool owned_ = false;
  VkPipelineCache handle_ = VK_NULL_HANDLE;
  std::vector<std::byte> read_;  // content that was taken
};

// Layout of content: this, then what vkGetPipelineCacheData gave.
struct CacheHeader {
  char magic[8] = {'F', 'O', 'V', 'E', 'A', 'P', 'C', '1'};
  uint32_t version = 0;  // of Fovea: major << 22 | minor << 12 | patch, as Vulkan has it
  uint32_t vendor = 0, device = 0, driver = 0;
  uint8_t device_uuid[16] = {}, driver_uuid[16] = {}, cache_uuid[16] = {};
  uint32_t bytes = 0, crc = 0;  // of the data
};

// What is wrong with content for a device with this header; empty: nothing.
std::string cache_fault(std::span<const std::byte> content, const CacheHeader& wanted);

}  // namespace fovea
