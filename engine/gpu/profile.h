// Timestamps: how long each step of a recording took on the device.
#pragma once

#include <volk.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fovea {

class Gpu;

// A pool with two queries a step, for the Recorder; where the device has no timestamps there is no pool.
class Timestamps {
 public:
  Timestamps(Gpu& gpu, uint32_t steps);
  ~Timestamps();
  Timestamps(const Timestamps&) = delete;
  Timestamps& operator=(const Timestamps&) = delete;

  VkQueryPool pool() const { return pool_; }   // null: no timestamps
  void reset(VkCommandBuffer commands) const;  // records the reset that goes before the steps
  std::vector<double> milliseconds() const;    // a step each, once the work is done; 0 without timestamps
  std::string fault() const;                   // what is wrong with the measured times; empty: nothing

 private:
  struct Ticks {
    uint64_t value, available;
  };
  std::vector<Ticks> read() const;

  Gpu& gpu_;
  uint32_t steps_;
  VkQueryPool pool_ = VK_NULL_HANDLE;
};

}  // namespace fovea
