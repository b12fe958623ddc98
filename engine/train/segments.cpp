#include "train/segments.h"

#include <algorithm>

#include "core/check.h"
#include "core/panels.h"

namespace fovea {

uint32_t segment_count(const std::vector<uint64_t>& elements) {
  uint32_t count = 0;
  for (uint64_t n : elements) count += uint32_t(ceil_div(int64_t(n), kSegment));
  return count;
}

SegmentTable segment_table(Launch& k, const std::vector<Whole>& wholes) {
  std::vector<uint32_t> words;
  SegmentTable table{};
  for (const Whole& whole : wholes) {
    const uint64_t count = std::max(whole.parameter.bytes, whole.gradient.bytes) / kElementBytes;
    for (uint64_t at = 0; at < count; at += kSegment) {
      const auto append = [&](const Span& span) {
        const uint64_t address = span.buffer ? span.address() + at * kElementBytes : 0;
        words.push_back(uint32_t(address));
        words.push_back(uint32_t(address >> 32));
      };
      append(whole.parameter);
      append(whole.gradient);
      words.push_back(uint32_t(uint64_t(whole.first) + at));
      words.push_back(uint32_t(std::min<uint64_t>(kSegment, count - at)));
      ++table.segments;
    }
    for (const Span& span : {whole.parameter, whole.gradient})
      if (span.buffer) table.behind.push_back(span);
  }
  FOVEA_CHECK(table.segments > 0, "update: no tensors");
  table.place = k.table(words);
  return table;
}

}  // namespace fovea
