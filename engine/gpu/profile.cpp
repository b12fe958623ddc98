#include "gpu/profile.h"

#include "core/check.h"
#include "gpu/gpu.h"

namespace fovea {

Timestamps::Timestamps(Gpu& gpu, uint32_t steps) : gpu_(gpu), steps_(steps) {
  if (steps == 0 || gpu.nanoseconds_per_tick() == 0) return;
  VkQueryPoolCreateInfo info = {VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
  info.queryType = VK_QUERY_TYPE_TIMESTAMP;
  info.queryCount = 2 * steps;
  check_vk(gpu.vk().vkCreateQueryPool(gpu.device(), &info, gpu.allocation(), &pool_), "vkCreateQueryPool");
}

Timestamps::~Timestamps() {
  if (pool_) gpu_.vk().vkDestroyQueryPool(gpu_.device(), pool_, gpu_.allocation());
}

void Timestamps::reset(VkCommandBuffer commands) const {
  if (pool_) gpu_.vk().vkCmdResetQueryPool(commands, pool_, 0, 2 * steps_);
}

std::vector<Timestamps::Ticks> Timestamps::read() const {
  std::vector<Ticks> ticks(2 * steps_);
  const VkResult result = gpu_.vk().vkGetQueryPoolResults(
      gpu_.device(), pool_, 0, 2 * steps_, ticks.size() * sizeof(Ticks), ticks.data(), sizeof(Ticks),
      VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WITH_AVAILABILITY_BIT);
  if (result != VK_NOT_READY) check_vk(result, "vkGetQueryPoolResults");
  return ticks;
}

std::vector<double> Timestamps::milliseconds() const {
  std::vector<double> times(steps_, 0.0);
  if (!pool_) return times;
  const std::vector<Ticks> ticks = read();
  const uint32_t bits = gpu_.physical().timestamp_bits;
  const uint64_t mask = bits >= 64 ? UINT64_MAX : (uint64_t(1) << bits) - 1;  // a counter may wrap
  for (uint32_t step = 0; step < steps_; ++step) {
    const Ticks &begin = ticks[2 * step], &end = ticks[2 * step + 1];
    if (begin.available == 0 || end.available == 0) continue;
    times[step] = static_cast<double>((end.value - begin.value) & mask) * gpu_.nanoseconds_per_tick() * 1e-6;
  }
  return times;
}

std::string Timestamps::fault() const {
  if (!pool_) return {};
  for (const Ticks& tick : read()) {
    if (tick.available == 0) return "a timestamp was never written";
  }
  for (const double time : milliseconds()) {
    // The end before the begin shows as the counter's whole range.
    if (time > 3.6e6) return concat("a step took ", time, " ms");
  }
  return {};
}

}  // namespace fovea
