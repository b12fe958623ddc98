#include "graph/launch.h"

#include <algorithm>

#include "core/check.h"
#include "gpu/gpu.h"

namespace fovea {

Launch::Launch(Gpu& gpu, Recorder& recorder, std::vector<Span> inputs, std::vector<Span> outputs)
    : gpu_(gpu),
      limits_(gpu.limits()),
      recorder_(recorder),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)) {}

Groups Launch::rows(uint64_t n) const {
  const uint64_t x = std::min<uint64_t>(n, limits_.max_groups[0]);
  const uint64_t y = (n + x - 1) / x;
  FOVEA_CHECK(y <= limits_.max_groups[1], "launch: ", n, " workgroups, the device takes ",
              uint64_t(limits_.max_groups[0]) * limits_.max_groups[1]);
  return {uint32_t(x), uint32_t(y), 1};
}

void Launch::dispatch_bytes(const Dispatch& what, std::span<const std::byte> params) {
  recorder_.dispatch(gpu_.kernel(what.kernel, what.constants), what.groups, {what.reads, what.writes},
                     params);
}

}  // namespace fovea
