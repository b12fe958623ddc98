// Buffers and images of a host, filled and read by the host's own submissions.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "gpu/commands.h"
#include "support/host.h"

namespace fovea::test {

class HostMemory {
 public:
  HostMemory(const Host& host, Device& adopted);
  ~HostMemory();
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  // Lies at `offset` of a buffer that goes on as far behind it.
  HostBuffer buffer(const std::vector<uint32_t>& words, uint64_t offset = 0);
  HostBuffer buffer(const std::vector<float>& values, uint64_t offset = 0);
  std::vector<uint32_t> words(const HostBuffer& buffer);  // after all submissions of the queue
  std::vector<float> values(const HostBuffer& buffer);

  // In layout `before`; without words it holds 0x5a5a5a5a everywhere.
  HostImage image(const HostImage& wish, const std::vector<uint32_t>& words = {});
  std::vector<uint32_t> words(const HostImage& image);  // that a submission left in layout `after`
  void turn(const HostImage& image);                    // from layout `after` to `before`

  // Copies alone, without barriers: an image that has layout TRANSFER_DST, and one that has TRANSFER_SRC.
  void record_write(VkCommandBuffer commands, const HostImage& image, const std::vector<uint32_t>& words);
  HostBuffer record_read(VkCommandBuffer commands, const HostImage& image);
  void submit(VkCommandBuffer commands);  // and waits

 private:
  struct Block {  // of mapped memory; of an image without a mapping
    VkBuffer buffer = VK_NULL_HANDLE;
    VkImage image = VK_NULL_HANDLE;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    std::byte* mapped = nullptr;
  };
  Block& make_buffer(uint64_t bytes);
  void allocate(Block& block, const VkMemoryRequirements& needs, bool map);
  const Block& of(VkBuffer buffer) const;
  void barrier(const HostImage& image, uint32_t from, uint32_t to);
  template <class Function>
  Function get(const char* name) const;

  const Host& host_;
  Commands commands_;
  std::deque<Block> blocks_;
};

}  // namespace fovea::test
