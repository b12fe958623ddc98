#include "graph/launch.h"

#include <algorithm>

#include "core/check.h"
#include "gpu/gpu.h"

namespace fovea {

void Tables::begin(size_t step) {
  step_ = step;
  next_ = 0;
  if (of_step_.size() <= step) of_step_.resize(step + 1);
}

Span Tables::put(std::span<const uint32_t> words) {
  auto& buffers = of_step_[step_];
  if (next_ == buffers.size()) {
    buffers.push_back(std::make_unique<Buffer>(gpu_, words.size_bytes(), MemoryKind::device, "plan table"));
    gpu_.memory().write(*buffers.back(), 0, std::as_bytes(words));
  }
  const Buffer& buffer = *buffers[next_++];
  FOVEA_CHECK(buffer.bytes() == words.size_bytes(), "launch: a table of ", words.size_bytes(), " bytes had ",
              buffer.bytes(), " when it was recorded first");
  return {&buffer, 0, buffer.bytes()};
}

Launch::Launch(Gpu& gpu, Recorder& recorder, Tables& tables, std::vector<Span> inputs,
               std::vector<Span> outputs)
    : limits_(gpu.limits()),
      recorder_(recorder),
      tables_(tables),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)) {}

Groups Launch::rows(uint64_t n) const {
  const uint64_t x = std::min<uint64_t>(n, limits_.max_groups[0]);
  const uint64_t y = (n + x - 1) / x;
  FOVEA_CHECK(y <= limits_.max_groups[1], "launch: ", n, " workgroups, the device takes ",
              uint64_t(limits_.max_groups[0]) * limits_.max_groups[1]);
  return {uint32_t(x), uint32_t(y), 1};
}

}  // namespace fovea
